// The literals of a block, and the streams that they are packed in.

/** Sets `literalsAt` and `literalsLength`. Answers where the sequences begin; 0 for damage. */
function readLiterals(at: usize, end: usize, mostBlock: usize): usize {
  const head = <u32>load<u8>(at)
  const kind = head & 3
  const format = (head >> 2) & 3
  if (kind > 1) return readPackedLiterals(at, end, mostBlock, kind, format)
  let length: usize = head >> 3
  let header: usize = 1
  if (format == 1) {
    header = 2
    length = load<u16>(at) >> 4
  } else if (format == 3) {
    header = 3
    length = (<u32>load<u16>(at) | (<u32>load<u8>(at, 2) << 16)) >> 4
  }
  if (<usize>(end - at) < header || length > mostBlock) return 0
  at += header
  literalsLength = length
  if (kind == 0) {
    if (<usize>(end - at) < length) return 0
    literalsAt = at
    return at + length
  }
  if (at >= end) return 0
  memory.fill(LITERALS, load<u8>(at), length)
  literalsAt = LITERALS
  return at + 1
}

function readPackedLiterals(at: usize, end: usize, mostBlock: usize, kind: u32, format: u32): usize {
  if (end - at < 5 || (kind == 3 && huffmanBits == 0)) return 0
  const word = <u64>load<u32>(at) | (<u64>load<u8>(at, 4) << 32)
  const bits: u32 = format < 2 ? 10 : format == 2 ? 14 : 18
  const header: usize = format < 2 ? 3 : format == 2 ? 4 : 5
  const mask = (<u64>1 << bits) - 1
  const length = <usize>((word >> 4) & mask)
  const packed = <usize>((word >> (4 + bits)) & mask)
  at += header
  if (length > mostBlock || length == 0 || packed == 0 || <usize>(end - at) < packed) return 0
  if (format > 0 && length < 6) return 0
  const behind = at + packed
  if (kind == 2) {
    at = readHuffman(at, behind)
    if (at == 0) return 0
  }
  literalsAt = LITERALS
  literalsLength = length
  if (format == 0) return at < behind && unpackStream(at, behind, LITERALS, LITERALS + length) ? behind : 0
  return unpackFourStreams(at, behind, length) ? behind : 0
}

/** One stream of literals. False for damage. */
function unpackStream(at: usize, end: usize, to: usize, stop: usize): bool {
  const left = bitsOf(at, end)
  return left >= 0 && finishStream(at, left, to, stop, true)
}

/** Goes on to the end of a stream, `left` bits from its beginning. It has to end there, unless libzstd does not look. */
function finishStream(at: usize, left: i32, to: usize, stop: usize, strict: bool): bool {
  const shift: u64 = 64 - huffmanBits
  const least = strict ? 0 : -64
  while (left > 64 && to + 4 <= stop) {
    let word = wordAt(at, left)
    for (let i = 0; i < 4; i++) {
      const entry = <u32>load<u16>(HUFFMAN + (<usize>(word >> shift) << 1))
      store<u8>(to++, <u8>(entry >> 8))
      word <<= entry & 63
      left -= entry & 63
    }
  }
  while (to < stop) {
    const entry = <u32>load<u16>(HUFFMAN + (<usize>(wordAt(at, left) >> shift) << 1))
    left -= entry & 255
    if (left < least) return false
    store<u8>(to++, <u8>(entry >> 8))
  }
  return !strict || left == 0
}

/** Literals in four streams, decoded side by side. */
function unpackFourStreams(at: usize, end: usize, length: usize): bool {
  if (end - at < 10) return false
  const at1 = at + 6
  const at2 = at1 + load<u16>(at)
  const at3 = at2 + load<u16>(at, 2)
  const at4 = at3 + load<u16>(at, 4)
  if (at4 >= end || at1 == at2 || at2 == at3 || at3 == at4) return false
  const quarter = (length + 3) >> 2
  let left1 = bitsOf(at1, at2)
  let left2 = bitsOf(at2, at3)
  let left3 = bitsOf(at3, at4)
  let left4 = bitsOf(at4, end)
  if (left1 < 0 || left2 < 0 || left3 < 0 || left4 < 0) return false
  let to1 = LITERALS
  let to2 = to1 + quarter
  let to3 = to2 + quarter
  let to4 = to3 + quarter
  const stop = LITERALS + length
  if (to4 > stop) return false
  // Where each has 8 bytes, libzstd (`HUF_decompress4X1_usingDTable_internal_fast`) takes what comes out of damaged ones.
  const shortest = min(min(at2 - at1, at3 - at2), min(at4 - at3, end - at4))
  const strict = huffmanBits != 11 || shortest < 8 || to4 >= stop
  // Five codes of 11 bits, or four of 12, are in a word.
  if (huffmanBits == 11) {
    while (left1 > 64 && left2 > 64 && left3 > 64 && left4 > 64 && to4 + 5 <= stop) {
      let word1 = wordAt(at1, left1)
      let word2 = wordAt(at2, left2)
      let word3 = wordAt(at3, left3)
      let word4 = wordAt(at4, left4)
      for (let i: usize = 0; i < 5; i++) {
        const entry1 = <u32>load<u16>(HUFFMAN + (<usize>(word1 >> 53) << 1))
        const entry2 = <u32>load<u16>(HUFFMAN + (<usize>(word2 >> 53) << 1))
        const entry3 = <u32>load<u16>(HUFFMAN + (<usize>(word3 >> 53) << 1))
        const entry4 = <u32>load<u16>(HUFFMAN + (<usize>(word4 >> 53) << 1))
        store<u8>(to1 + i, <u8>(entry1 >> 8))
        store<u8>(to2 + i, <u8>(entry2 >> 8))
        store<u8>(to3 + i, <u8>(entry3 >> 8))
        store<u8>(to4 + i, <u8>(entry4 >> 8))
        word1 <<= entry1 & 63
        word2 <<= entry2 & 63
        word3 <<= entry3 & 63
        word4 <<= entry4 & 63
        left1 -= entry1 & 63
        left2 -= entry2 & 63
        left3 -= entry3 & 63
        left4 -= entry4 & 63
      }
      to1 += 5
      to2 += 5
      to3 += 5
      to4 += 5
    }
  }
  return (
    finishStream(at1, left1, to1, LITERALS + quarter, strict) &&
    finishStream(at2, left2, to2, LITERALS + quarter * 2, strict) &&
    finishStream(at3, left3, to3, LITERALS + quarter * 3, strict) &&
    finishStream(at4, left4, to4, stop, strict)
  )
}
