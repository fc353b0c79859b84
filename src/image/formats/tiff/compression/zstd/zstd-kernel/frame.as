// Frames and their blocks: what zstd.ts calls.

/** Where free memory begins. */
export function start(): usize {
  return __heap_base
}

/**
 * Unpacks a frame from `at` to `end` to `out`, until more than `size` bytes are there, or it ends, or the data does. There has
 * to be room for 128 KiB and 64 bytes more. Answers how many bytes there are, or, of a damaged one, -1 minus those before that.
 */
export function unpack(at: usize, end: usize, out: usize, size: usize): isize {
  if (!defaultsMade) makeDefaults()
  // A header needs 5 bytes to say how long it is.
  if (end - at < 5) return 0
  if (load<u32>(at) != 0xfd2fb528) return (load<u32>(at) & 0xfffffff0) == 0x184d2a50 ? 0 : -1
  const flags = <u32>load<u8>(at, 4)
  if (flags & 8) return -1
  const single = (flags >> 5) & 1
  const sizeKind = flags >> 6
  const dictionaryBytes = <usize>((1 << (flags & 3)) >> 1)
  const sizeBytes: usize = sizeKind == 0 ? <usize>single : <usize>1 << sizeKind
  const header: usize = <usize>6 - <usize>single + dictionaryBytes + sizeBytes
  if (end - at < header) return 0
  at += 5
  let window: u64 = 0
  if (!single) {
    const byte = <u32>load<u8>(at++)
    const log = (byte >> 3) + 10
    if (log > 31) return -1
    window = (<u64>1 << log) + ((<u64>1 << log) >> 3) * (byte & 7)
  }
  for (let i: usize = 0; i < dictionaryBytes; i++) if (load<u8>(at + i)) return -1
  at += dictionaryBytes
  let content: u64 = 0
  for (let i: usize = 0; i < sizeBytes; i++) content |= <u64>load<u8>(at + i) << (i << 3)
  if (sizeKind == 1) content += 256
  at += sizeBytes
  if (single) window = content
  if (window > (1 << 27) + 1) return -1
  return unpackBlocks(at, end, out, size, <usize>min<u64>(window, MOST_BLOCK), sizeBytes > 0, content, (flags & 4) != 0)
}

function unpackBlocks(
  at: usize,
  end: usize,
  out: usize,
  size: usize,
  mostBlock: usize,
  sizeKnown: bool,
  content: u64,
  checked: bool,
): isize {
  huffmanBits = 0
  llTable = ofTable = mlTable = 0
  rep1 = 1
  rep2 = 4
  rep3 = 8
  let to = out
  for (;;) {
    if (end - at < 3) return to - out
    const head = <u32>load<u16>(at) | (<u32>load<u8>(at, 2) << 16)
    const kind = (head >> 1) & 3
    const length = <usize>(head >> 3)
    at += 3
    if (kind == 3 || (kind != 1 && length > mostBlock)) return -1 - <isize>(to - out)
    const packed: usize = kind == 1 ? 1 : length
    if (end - at < packed) {
      if (kind != 0) return to - out
      // Of plain bytes those count that are there.
      memory.copy(to, at, end - at)
      return to - out + (end - at)
    }
    let there: isize = length
    if (kind == 0) memory.copy(to, at, length)
    else if (kind == 1) {
      if (length > mostBlock) return -1 - <isize>(to - out)
      memory.fill(to, load<u8>(at), length)
    } else there = unpackBlock(at, at + length, out, to, mostBlock)
    if (there < 0) return -1 - <isize>(to - out)
    at += packed
    to += there
    if (<usize>(to - out) > size) return to - out
    if (head & 1) break
  }
  if (sizeKnown && content != <u64>(to - out)) return -1 - <isize>(to - out)
  if (checked && end - at >= 4 && load<u32>(at) != <u32>checksum(out, to - out)) return -1 - <isize>(to - out)
  return to - out
}

function unpackBlock(at: usize, end: usize, out: usize, to: usize, mostBlock: usize): isize {
  if (end - at < 2) return DAMAGED
  at = readLiterals(at, end, mostBlock)
  if (at == 0 || at >= end) return DAMAGED
  let count = <u32>load<u8>(at++)
  if (count == 0) {
    if (at != end) return DAMAGED
    memory.copy(to, literalsAt, literalsLength)
    return literalsLength
  }
  if (count == 255) {
    if (end - at < 2) return DAMAGED
    count = <u32>load<u16>(at) + 0x7f00
    at += 2
  } else if (count > 127) {
    if (at >= end) return DAMAGED
    count = ((count - 128) << 8) + load<u8>(at++)
  }
  if (count == 0 || at >= end) return DAMAGED
  const kinds = <u32>load<u8>(at++)
  if (kinds & 3) return DAMAGED
  at = readTable(kinds >> 6, at, end, llTable, llLog, LL_DEFAULT, 6, LL_TABLE, 35, 9, LL_BASE, LL_BITS)
  if (at == 0) return DAMAGED
  llTable = foundTable
  llLog = foundLog
  at = readTable((kinds >> 4) & 3, at, end, ofTable, ofLog, OF_DEFAULT, 5, OF_TABLE, 31, 8, 0, 0)
  if (at == 0) return DAMAGED
  ofTable = foundTable
  ofLog = foundLog
  at = readTable((kinds >> 2) & 3, at, end, mlTable, mlLog, ML_DEFAULT, 6, ML_TABLE, 52, 9, ML_BASE, ML_BITS)
  if (at == 0) return DAMAGED
  mlTable = foundTable
  mlLog = foundLog
  if (at >= end) return DAMAGED
  return runSequences(at, end, count, out, to, mostBlock)
}
