// The table of the literals' codes.

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
