// Zstandard, for zstd.ts; after RFC 8878, as strict as libzstd 1.5.7. AssemblyScript; scripts/build-kernel.mjs compiles it into
// zstd-kernel.ts. What is damaged ends in a negative number.

const DAMAGED: i32 = -1
const MOST_BLOCK = 1 << 17

// Huffman: 12 bits at most, an entry is a symbol · 256 + the bits of its code.
const HUFFMAN = memory.data(4096 * 2, 16)
const WEIGHTS = memory.data(256 + 16, 16)
const RANKS = memory.data(16 * 4, 16)
const COUNTS = memory.data(64 * 2, 16)
const NEXT = memory.data(64 * 2, 16)
const SYMBOLS = memory.data(512, 16)
const LITERALS = memory.data(MOST_BLOCK + 64, 16)

// FSE, an entry: base of the next state (16 bits), its bits (8), bits to add (8), base value (32). First those by default.
const LL_DEFAULT = memory.data(64 * 8, 16)
const OF_DEFAULT = memory.data(32 * 8, 16)
const ML_DEFAULT = memory.data(64 * 8, 16)
const LL_TABLE = memory.data(512 * 8, 16)
const OF_TABLE = memory.data(256 * 8, 16)
const ML_TABLE = memory.data(512 * 8, 16)
const WEIGHT_TABLE = memory.data(64 * 8, 16)

const LL_BASE = memory.data<u32>([
  0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 18, 20, 22, 24, 28, 32, 40, 48, 64, 128, 256, 512, 1024, 2048,
  4096, 8192, 16384, 32768, 65536,
])
const LL_BITS = memory.data<u8>([
  0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 1, 1, 1, 2, 2, 3, 3, 4, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16,
])
const ML_BASE = memory.data<u32>([
  3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20, 21, 22, 23, 24, 25, 26, 27, 28, 29, 30, 31, 32, 33, 34, 35,
  37, 39, 41, 43, 47, 51, 59, 67, 83, 99, 131, 259, 515, 1027, 2051, 4099, 8195, 16387, 32771, 65539,
])
const ML_BITS = memory.data<u8>([
  0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 1, 1, 1, 2, 2, 3, 3, 4, 4,
  5, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16,
])
const LL_COUNTS = memory.data<i16>([
  4, 3, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 1, 1, 1, 2, 2, 2, 2, 2, 2, 2, 2, 2, 3, 2, 1, 1, 1, 1, 1, -1, -1, -1, -1,
])
const OF_COUNTS = memory.data<i16>([
  1, 1, 1, 1, 1, 1, 2, 2, 2, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, -1, -1, -1, -1, -1,
])
const ML_COUNTS = memory.data<i16>([
  1, 4, 3, 2, 2, 2, 2, 2, 2, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1,
  1, 1, 1, 1, -1, -1, -1, -1, -1, -1, -1,
])

let defaultsMade = false
// What a frame keeps from block to block; a table at 0 is none.
let huffmanBits: u32 = 0
let llTable: usize = 0
let ofTable: usize = 0
let mlTable: usize = 0
let llLog: u32 = 0
let ofLog: u32 = 0
let mlLog: u32 = 0
let rep1: usize = 1
let rep2: usize = 4
let rep3: usize = 8
// What readers have found, beside what they return.
let literalsAt: usize = 0
let literalsLength: usize = 0
let foundLog: u32 = 0
let foundMost: u32 = 0

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

/** Reads the weights of a Huffman table and lays it out. Answers what follows it; 0 for damage. */
function readHuffman(at: usize, end: usize): usize {
  if (at >= end) return 0
  const head = <u32>load<u8>(at++)
  let count: u32
  let next: usize
  if (head >= 128) {
    count = head - 127
    next = at + ((count + 1) >> 1)
    if (next > end) return 0
    for (let i: u32 = 0; i < count; i++) {
      const byte = <u32>load<u8>(at + (i >> 1))
      store<u8>(WEIGHTS + i, i & 1 ? byte & 15 : byte >> 4)
    }
  } else {
    next = at + head
    if (next > end) return 0
    count = readWeights(at, next)
    if (count == 0) return 0
  }
  memory.fill(RANKS, 0, 64)
  let total: u32 = 0
  for (let i: u32 = 0; i < count; i++) {
    const weight = <u32>load<u8>(WEIGHTS + i)
    if (weight > 12) return 0
    total += (<u32>1 << weight) >> 1
    store<u32>(RANKS + (weight << 2), load<u32>(RANKS + (weight << 2)) + 1)
  }
  if (total == 0) return 0
  const log = 32 - clz(total)
  if (log > 12) return 0
  const rest = (<u32>1 << log) - total
  if (rest & (rest - 1)) return 0
  const last = 32 - clz(rest)
  store<u8>(WEIGHTS + count++, <u8>last)
  store<u32>(RANKS + (last << 2), load<u32>(RANKS + (last << 2)) + 1)
  const ones = load<u32>(RANKS, 4)
  if (ones < 2 || ones & 1) return 0
  layHuffman(count, log)
  return next
}

/** Fills the table by weights, those of 1 first; it has 11 bits, or 12 where those are needed. */
function layHuffman(count: u32, log: u32): void {
  const bits: u32 = log > 11 ? 12 : 11
  let from: u32 = 0
  for (let weight: u32 = 1; weight <= log; weight++) {
    const width = ((<u32>1 << weight) >> 1) << (bits - log)
    const ends = log + 1 - weight
    const before = from
    from += load<u32>(RANKS + (weight << 2)) * width
    store<u32>(RANKS + (weight << 2), before | (ends << 16))
  }
  for (let symbol: u32 = 0; symbol < count; symbol++) {
    const weight = <u32>load<u8>(WEIGHTS + symbol)
    if (weight == 0) continue
    const rank = load<u32>(RANKS + (weight << 2))
    const width = ((<u32>1 << weight) >> 1) << (bits - log)
    const entry = <u16>((symbol << 8) | (rank >> 16))
    let place = HUFFMAN + ((rank & 0xffff) << 1)
    const stop = place + (width << 1)
    for (; place < stop; place += 2) store<u16>(place, entry)
    store<u32>(RANKS + (weight << 2), rank + width)
  }
  huffmanBits = bits
}

/** Weights packed with FSE: two states by turns, until more is read than there is. Answers how many; 0 for damage. */
function readWeights(at: usize, end: usize): u32 {
  at = readCounts(at, end, 255, 6)
  if (at == 0 || at >= end) return 0
  const log = foundLog
  if (!layTable(WEIGHT_TABLE, log, foundMost, 0, 0)) return 0
  let left = bitsOf(at, end)
  if (left < 0) return 0
  left -= log
  let state1 = bitsAt(at, left, log)
  left -= log
  let state2 = bitsAt(at, left, log)
  if (left < 0) return 0
  let count: u32 = 0
  for (;;) {
    if (count > 253) return 0
    const entry1 = load<u64>(WEIGHT_TABLE + (state1 << 3))
    store<u8>(WEIGHTS + count++, <u8>(entry1 >> 32))
    const bits1 = <u32>(entry1 >> 16) & 255
    left -= bits1
    if (left < 0) {
      store<u8>(WEIGHTS + count++, <u8>(load<u64>(WEIGHT_TABLE + (state2 << 3)) >> 32))
      return count
    }
    state1 = (<u32>entry1 & 0xffff) + bitsAt(at, left, bits1)
    if (count > 253) return 0
    const entry2 = load<u64>(WEIGHT_TABLE + (state2 << 3))
    store<u8>(WEIGHTS + count++, <u8>(entry2 >> 32))
    const bits2 = <u32>(entry2 >> 16) & 255
    left -= bits2
    if (left < 0) {
      store<u8>(WEIGHTS + count++, <u8>(load<u64>(WEIGHT_TABLE + (state1 << 3)) >> 32))
      return count
    }
    state2 = (<u32>entry2 & 0xffff) + bitsAt(at, left, bits2)
  }
  return 0
}

/** The bits of a stream that is read from its end: all below the highest one of its last byte. Below 0 for damage. */
function bitsOf(at: usize, end: usize): i32 {
  const last = <u32>load<u8>(end - 1)
  return last == 0 ? -1 : <i32>((end - at) << 3) - 1 - (<i32>clz(last) - 24)
}

/** So many bits (26 at most), `left` of the stream lying before them. Those from before it are made up. */
// @ts-ignore: decorator
@inline
function bitsAt(at: usize, left: i32, count: u32): u32 {
  return (load<u32>(at + (left >> 3)) >> (left & 7)) & ((1 << count) - 1)
}

/** Where the reader of a stream that is read from its end stands: the next bits come first in the word. */
// @ts-ignore: decorator
@inline
function wordAt(at: usize, left: i32): u64 {
  const byte = (left + 7) >> 3
  return load<u64>(at + byte - 8) << ((byte << 3) - left)
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

let foundTable: usize = 0

/** A table of sequences by its kind. Sets `foundTable` and `foundLog`, answers what follows it; 0 for damage. */
function readTable(
  kind: u32,
  at: usize,
  end: usize,
  before: usize,
  beforeLog: u32,
  usual: usize,
  usualLog: u32,
  own: usize,
  most: u32,
  mostLog: u32,
  base: usize,
  bits: usize,
): usize {
  foundTable = own
  if (kind == 0) {
    foundTable = usual
    foundLog = usualLog
    return at
  }
  if (kind == 3) {
    foundTable = before
    foundLog = beforeLog
    return before == 0 ? 0 : at
  }
  if (kind == 1) {
    if (at >= end) return 0
    const symbol = <u32>load<u8>(at)
    if (symbol > most) return 0
    store<u64>(own, entryOf(symbol, 0, 0, base, bits))
    foundLog = 0
    return at + 1
  }
  const next = readCounts(at, end, most, mostLog)
  if (next == 0 || !layTable(own, foundLog, foundMost, base, bits)) return 0
  return next
}

/** What a symbol stands for: without `base` it is itself, or, as an offset, a power of two. */
function entryOf(symbol: u32, state: u32, width: u32, base: usize, bits: usize): u64 {
  const value = base ? load<u32>(base + (symbol << 2)) : <u32>1 << symbol
  const more = base ? <u32>load<u8>(bits + symbol) : symbol
  return <u64>state | (<u64>width << 16) | (<u64>more << 24) | (<u64>value << 32)
}

/** Reads how often each symbol comes, into `COUNTS`. Sets `foundLog` and `foundMost`, answers what follows; 0 for damage. */
function readCounts(at: usize, end: usize, most: u32, mostLog: u32): usize {
  const total = <u32>((end - at) << 3)
  if (at >= end) return 0
  let read: u32 = 4
  const log = (<u32>load<u8>(at) & 15) + 5
  if (log > mostLog) return 0
  let remaining = <i32>(1 << log) + 1
  let threshold = <i32>1 << log
  let width = log + 1
  let symbol: u32 = 0
  let zero = false
  while (remaining > 1 && symbol <= most) {
    if (zero) {
      for (;;) {
        const repeat = (load<u32>(at + (read >> 3)) >> (read & 7)) & 3
        read += 2
        for (let i: u32 = 0; i < repeat; i++) {
          if (symbol > most) return 0
          if (symbol < 64) store<i16>(COUNTS + (symbol << 1), 0)
          symbol++
        }
        if (repeat < 3) break
        if (read > total) return 0
      }
      if (symbol > most) break
    }
    const word = <i32>(load<u32>(at + (read >> 3)) >> (read & 7))
    const small = (2 * threshold - 1) - remaining
    let count: i32
    if ((word & (threshold - 1)) < small) {
      count = word & (threshold - 1)
      read += width - 1
    } else {
      count = word & (2 * threshold - 1)
      if (count >= threshold) count -= small
      read += width
    }
    count--
    remaining -= count < 0 ? -count : count
    if (symbol > 63) return 0
    store<i16>(COUNTS + (symbol++ << 1), <i16>count)
    zero = count == 0
    if (remaining < 1) break
    while (remaining < threshold) {
      width--
      threshold >>= 1
    }
    if (read > total) return 0
  }
  if (remaining != 1 || symbol == 0 || symbol > most + 1 || read > total) return 0
  foundLog = log
  foundMost = symbol - 1
  return at + ((read + 7) >> 3)
}

/** Lays out a table of states by `COUNTS`. With neither bases nor a log of sequences the value is the symbol. */
function layTable(table: usize, log: u32, most: u32, base: usize, bits: usize): bool {
  const size = <u32>1 << log
  let high = size - 1
  for (let symbol: u32 = 0; symbol <= most; symbol++) {
    const count = <i32>load<i16>(COUNTS + (symbol << 1))
    if (count == -1) {
      store<u8>(SYMBOLS + high--, <u8>symbol)
      store<u16>(NEXT + (symbol << 1), 1)
    } else store<u16>(NEXT + (symbol << 1), <u16>count)
  }
  const step = (size >> 1) + (size >> 3) + 3
  let place: u32 = 0
  for (let symbol: u32 = 0; symbol <= most; symbol++) {
    const count = <i32>load<i16>(COUNTS + (symbol << 1))
    for (let i = 0; i < count; i++) {
      store<u8>(SYMBOLS + place, <u8>symbol)
      do place = (place + step) & (size - 1)
      while (place > high)
    }
  }
  if (place != 0) return false
  const weights = table == WEIGHT_TABLE
  for (let state: u32 = 0; state < size; state++) {
    const symbol = <u32>load<u8>(SYMBOLS + state)
    const next = <u32>load<u16>(NEXT + (symbol << 1))
    store<u16>(NEXT + (symbol << 1), <u16>(next + 1))
    const width = log - (31 - clz(next))
    const from = (next << width) - size
    const entry = weights
      ? <u64>from | (<u64>width << 16) | (<u64>symbol << 32)
      : entryOf(symbol, from, width, base, bits)
    store<u64>(table + (state << 3), entry)
  }
  return true
}

function makeDefaults(): void {
  memory.copy(COUNTS, LL_COUNTS, 72)
  layTable(LL_DEFAULT, 6, 35, LL_BASE, LL_BITS)
  memory.copy(COUNTS, OF_COUNTS, 58)
  layTable(OF_DEFAULT, 5, 28, 0, 0)
  memory.copy(COUNTS, ML_COUNTS, 106)
  layTable(ML_DEFAULT, 6, 52, ML_BASE, ML_BITS)
  defaultsMade = true
}

/** Runs the sequences of a block: literals, then a match. Answers the bytes of the block, or `DAMAGED`. */
function runSequences(at: usize, end: usize, count: u32, out: usize, to: usize, mostBlock: usize): isize {
  let left = bitsOf(at, end)
  if (left < 0) return DAMAGED
  const first = to
  const last = to + mostBlock
  let literals = literalsAt
  const literalsEnd = literals + literalsLength
  const llAt = llTable
  const ofAt = ofTable
  const mlAt = mlTable
  left -= llLog
  let llState = bitsAt(at, left, llLog)
  left -= ofLog
  let ofState = bitsAt(at, left, ofLog)
  left -= mlLog
  let mlState = bitsAt(at, left, mlLog)
  if (left < 0) return DAMAGED
  let r1 = rep1
  let r2 = rep2
  let r3 = rep3
  while (count-- > 0) {
    const ll = load<u64>(llAt + (llState << 3))
    const off = load<u64>(ofAt + (ofState << 3))
    const ml = load<u64>(mlAt + (mlState << 3))
    const ofBits = <i32>(off >> 24) & 255
    const mlBits = <i32>(ml >> 24) & 255
    const llBits = <i32>(ll >> 24) & 255
    let word = wordAt(at, left)
    const offsetCode = <usize>(off >> 32) + <usize>((word >> 1) >> (63 - ofBits))
    word <<= ofBits
    left -= ofBits
    if (ofBits + mlBits + llBits > 56) word = wordAt(at, left)
    const length = <usize>(ml >> 32) + <usize>((word >> 1) >> (63 - mlBits))
    word <<= mlBits
    const before = <usize>(ll >> 32) + <usize>((word >> 1) >> (63 - llBits))
    left -= mlBits + llBits
    if (left < 0) return DAMAGED
    let offset: usize
    if (offsetCode > 3) {
      offset = offsetCode - 3
      r3 = r2
      r2 = r1
      r1 = offset
    } else {
      const which = before == 0 ? offsetCode + 1 : offsetCode
      if (which == 1) offset = r1
      else {
        if (which == 2) offset = r2
        else {
          offset = which == 3 ? r3 : r1 - 1
          if (offset == 0) return DAMAGED
          r3 = r2
        }
        r2 = r1
        r1 = offset
      }
    }
    if (count > 0) {
      const llWidth = <u32>(ll >> 16) & 255
      const mlWidth = <u32>(ml >> 16) & 255
      const ofWidth = <u32>(off >> 16) & 255
      left -= llWidth
      llState = (<u32>ll & 0xffff) + bitsAt(at, left, llWidth)
      left -= mlWidth
      mlState = (<u32>ml & 0xffff) + bitsAt(at, left, mlWidth)
      left -= ofWidth
      ofState = (<u32>off & 0xffff) + bitsAt(at, left, ofWidth)
      if (left < 0) return DAMAGED
    }
    if (before > literalsEnd - literals || before + length > last - to) return DAMAGED
    if (before > 0) {
      const stop = to + before
      for (; to < stop; to += 8, literals += 8) store<u64>(to, load<u64>(literals))
      literals -= to - stop
      to = stop
    }
    if (offset > to - out) return DAMAGED
    to = copyMatch(to, offset, length)
  }
  if (left != 0) return DAMAGED
  rep1 = r1
  rep2 = r2
  rep3 = r3
  const rest = literalsEnd - literals
  if (rest > last - to) return DAMAGED
  memory.copy(to, literals, rest)
  return to + rest - first
}

/** Copies from before `to`; what it writes past the end comes to lie under what follows. */
// @ts-ignore: decorator
@inline
function copyMatch(to: usize, offset: usize, length: usize): usize {
  const stop = to + length
  let from = to - offset
  if (offset < 8) {
    for (let i: usize = 0; i < 8; i++) store<u8>(to + i, load<u8>(from + i))
    // The same again, from a whole number of repeats before.
    let far = offset
    while (far < 8) far += offset
    to += 8
    from = to - far
  }
  for (; to < stop; to += 8, from += 8) store<u64>(to, load<u64>(from))
  return stop
}

const P1: u64 = 0x9e3779b185ebca87
const P2: u64 = 0xc2b2ae3d27d4eb4f
const P3: u64 = 0x165667b19e3779f9
const P4: u64 = 0x85ebca77c2b2ae63
const P5: u64 = 0x27d4eb2f165667c5

/** XXH64 with seed 0. */
function checksum(at: usize, length: usize): u64 {
  const end = at + length
  let hash: u64 = P5
  if (length >= 32) {
    let a: u64 = P1 + P2
    let b: u64 = P2
    let c: u64 = 0
    let d: u64 = 0 - P1
    for (; at + 32 <= end; at += 32) {
      a = rotl<u64>(a + load<u64>(at) * P2, 31) * P1
      b = rotl<u64>(b + load<u64>(at, 8) * P2, 31) * P1
      c = rotl<u64>(c + load<u64>(at, 16) * P2, 31) * P1
      d = rotl<u64>(d + load<u64>(at, 24) * P2, 31) * P1
    }
    hash = rotl<u64>(a, 1) + rotl<u64>(b, 7) + rotl<u64>(c, 12) + rotl<u64>(d, 18)
    hash = merge(merge(merge(merge(hash, a), b), c), d)
  }
  hash += length
  for (; at + 8 <= end; at += 8) hash = rotl<u64>(hash ^ (rotl<u64>(load<u64>(at) * P2, 31) * P1), 27) * P1 + P4
  if (at + 4 <= end) {
    hash = rotl<u64>(hash ^ (<u64>load<u32>(at) * P1), 23) * P2 + P3
    at += 4
  }
  for (; at < end; at++) hash = rotl<u64>(hash ^ (<u64>load<u8>(at) * P5), 11) * P1
  hash = (hash ^ (hash >> 33)) * P2
  hash = (hash ^ (hash >> 29)) * P3
  return hash ^ (hash >> 32)
}

function merge(hash: u64, lane: u64): u64 {
  return (hash ^ (rotl<u64>(lane * P2, 31) * P1)) * P1 + P4
}
