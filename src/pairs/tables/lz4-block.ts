/**
 * Unpacks a block of LZ4 (lz4_Block_format.md of its authors) of known length. Throws `Error` where it does not fit: other
 * readers (hyparquet-compressors 1.1) leave zeros in place of what is missing, which would be read as a prompt.
 */
export function unpackLz4(block: Uint8Array, length: number): Uint8Array {
  const out = new Uint8Array(length)
  let at = 0
  let to = 0
  const more = (low: number): number => {
    let sum = low
    if (low !== 15) return sum
    let byte: number
    do sum += byte = block[at++] ?? bad()
    while (byte === 255)
    return sum
  }
  while (at < block.length) {
    const token = block[at++]!
    const literals = more(token >> 4)
    if (at + literals > block.length || to + literals > length) bad()
    out.set(block.subarray(at, at + literals), to)
    at += literals
    to += literals
    // The last sequence has no match.
    if (at === block.length) break
    if (at + 2 > block.length) bad()
    const distance = block[at]! | (block[at + 1]! << 8)
    at += 2
    const end = to + more(token & 15) + 4
    if (distance === 0 || distance > to || end > length) bad()
    // May overlap what it writes.
    for (; to < end; to++) out[to] = out[to - distance]!
  }
  return to === length ? out : bad()
}

/** Parquet's older `LZ4` is framed as Hadoop has it: lengths before each block. Some writers leave that out. */
export function unpackHadoopLz4(bytes: Uint8Array, length: number): Uint8Array {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  const out = new Uint8Array(length)
  let at = 0
  let to = 0
  while (at + 8 <= bytes.length) {
    const [unpacked, packed] = [view.getUint32(at), view.getUint32(at + 4)]
    if (to + unpacked > length || at + 8 + packed > bytes.length) return unpackLz4(bytes, length)
    out.set(unpackLz4(bytes.subarray(at + 8, at + 8 + packed), unpacked), to)
    at += 8 + packed
    to += unpacked
  }
  return to === length && at === bytes.length ? out : unpackLz4(bytes, length)
}

function bad(): never {
  throw new Error('its LZ4 is damaged')
}
