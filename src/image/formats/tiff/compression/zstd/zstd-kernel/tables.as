// Tables of FSE states.

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
