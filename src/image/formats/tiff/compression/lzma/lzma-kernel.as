// LZMA2, for lzma2.ts, which does the same in JavaScript; after the public domain LZMA specification of Igor Pavlov.
// AssemblyScript; scripts/build-kernel.mjs compiles it into lzma-kernel.ts.
// The range decoder's state is in local variables wherever bits are read, which is why that is written out each time.

// Probabilities, of 16 bits each, as bytes from `PROBABILITIES` on.
const IS_MATCH: usize = 0
const IS_REP0_LONG: usize = 384
const IS_REP: usize = 768
const IS_REP0: usize = 792
const IS_REP1: usize = 816
const IS_REP2: usize = 840
const SLOTS: usize = 864
const DISTANCES: usize = 1376
const ALIGN: usize = 1632
const LENGTHS: usize = 1664
const REP_LENGTHS: usize = 2720
const LITERALS: usize = 3776
const MOST_LITERALS: usize = 0x300 << 4
const PROBABILITIES = memory.data(3776 + (0x300 << 4) * 2, 16)

let literalContext: u32 = 0
let literalPosition: u32 = 0
let positionBits: u32 = 0
let hasProperties = false
let state: u32 = 0
let rep0: usize = 0
let rep1: usize = 0
let rep2: usize = 0
let rep3: usize = 0

// The range decoder at the end of a chunk.
let rangeAt: usize = 0
let codeNow: u32 = 0

let readTo: usize = 0
let finished = false

/** Where free memory begins. */
export function start(): usize {
  return __heap_base
}

/** Where the input has got to in the last run. */
export function behind(): usize {
  return readTo
}

/** The last run has come to the end mark. */
export function ended(): bool {
  return finished
}

/** Unpacks what lies from `at` to `end` to `out`, at most `size` bytes. Answers how many there are. */
export function unpack(at: usize, end: usize, out: usize, size: usize): usize {
  const last = out + size
  let to = out
  let dictionary: usize = 0
  finished = false
  hasProperties = false
  while (at < end) {
    const control = <u32>load<u8>(at)
    if (control == 0) {
      at++
      finished = true
      break
    }
    if (control > 2 && control < 0x80) break
    if (control == 1 || control >= 0xe0) {
      dictionary = to
      hasProperties = false
    }
    if (dictionary == 0) break
    if (control < 0x80) {
      if (end - at < 3) break
      const length: usize = bigEndian(at + 1) + 1
      at += 3
      const there = min(min(length, end - at), last - to)
      memory.copy(to, at, there)
      to += there
      at += length
      if (at > end) break
    } else {
      const size: usize = ((control & 31) << 16) + bigEndian(at + 1) + 1
      const packed: usize = bigEndian(at + 3) + 1
      const reset = (control >> 5) & 3
      at += 5
      if (reset >= 2) {
        if (!takeProperties(load<u8>(at++))) break
      } else if (!hasProperties) break
      if (reset >= 1) resetState()
      if (at > end) break
      const stop = min(last, to + size)
      // That a chunk ends with its bytes, and with nothing left in the range decoder, liblzma looks at behind it.
      to = unpackChunk(at, end, dictionary, to, stop)
      if (to < stop || (to < last && (codeNow != 0 || rangeAt != at + packed))) break
      at += packed
    }
    if (to == last) break
  }
  readTo = at
  return to - out
}

function bigEndian(at: usize): u32 {
  return (<u32>load<u8>(at) << 8) | load<u8>(at, 1)
}

function takeProperties(byte: u32): bool {
  if (byte > 224) return false
  literalContext = byte % 9
  literalPosition = (byte / 9) % 5
  positionBits = byte / 45
  hasProperties = literalContext + literalPosition <= 4
  return hasProperties
}

function resetState(): void {
  state = 0
  rep0 = rep1 = rep2 = rep3 = 0
  for (let i: usize = 0; i < LITERALS + MOST_LITERALS * 2; i += 2) store<u16>(PROBABILITIES + i, 1024)
}

/** Unpacks a chunk to where `stop` is; stops before at damage. Sets `rangeAt` and `codeNow`. */
function unpackChunk(at: usize, end: usize, dictionary: usize, to: usize, stop: usize): usize {
  let range: u32 = 0xffffffff
  let code: u32 = 0
  codeNow = 1
  if (end - at < 5 || load<u8>(at) != 0) return to
  code = (bigEndian(at + 1) << 16) | bigEndian(at + 3)
  at += 5
  let q: usize = 0
  let p: u32 = 0
  let bound: u32 = 0
  let mask: u32 = 0
  const positionMask = (<usize>1 << positionBits) - 1
  const literalMask = (<usize>1 << literalPosition) - 1
  const high = 8 - literalContext
  let stateNow = state
  let r0 = rep0
  let r1 = rep1
  let r2 = rep2
  let r3 = rep3
  let over = false
  while (to < stop) {
    const position = (to - dictionary) & positionMask
    if (range < 0x1000000) {
      range <<= 8
      code = (code << 8) | load<u8>(at++)
    }
    q = PROBABILITIES + IS_MATCH + ((stateNow << 4) << 1) + (position << 1)
    p = load<u16>(q)
    bound = (range >>> 11) * p
    if (code < bound) {
      range = bound
      store<u16>(q, p + ((2048 - p) >> 5))
      const before: u32 = to > dictionary ? load<u8>(to - 1) : 0
      const low = ((to - dictionary) & literalMask) << literalContext
      const literals = PROBABILITIES + LITERALS + (<usize>0x600 * (low + (before >> high)))
      let symbol: usize = 1
      if (stateNow < 7) {
        do {
          if (range < 0x1000000) {
            range <<= 8
            code = (code << 8) | load<u8>(at++)
          }
          q = literals + (symbol << 1)
          p = load<u16>(q)
          bound = (range >>> 11) * p
          mask = <u32>(code < bound) - 1
          code -= bound & mask
          range = bound + ((range - bound - bound) & mask)
          store<u16>(q, p + (<u32>(<i32>(2048 - (2017 & mask) - p) >> 5)))
          symbol = (symbol << 1) - mask
        } while (symbol < 256)
      } else {
        // As long as the bits are those of the byte that a match would have brought, they have probabilities of their own.
        let match: usize = to - dictionary > r0 ? load<u8>(to - r0 - 1) : 0
        let own: usize = 256
        do {
          match <<= 1
          const bit = match & own
          if (range < 0x1000000) {
            range <<= 8
            code = (code << 8) | load<u8>(at++)
          }
          q = literals + ((own + bit + symbol) << 1)
          p = load<u16>(q)
          bound = (range >>> 11) * p
          mask = <u32>(code < bound) - 1
          code -= bound & mask
          range = bound + ((range - bound - bound) & mask)
          store<u16>(q, p + (<u32>(<i32>(2048 - (2017 & mask) - p) >> 5)))
          symbol = (symbol << 1) - mask
          own &= ~(bit ^ mask)
        } while (symbol < 256)
      }
      if (at > end) break
      store<u8>(to++, <u8>symbol)
      stateNow = stateNow < 4 ? 0 : stateNow < 10 ? stateNow - 3 : stateNow - 6
      continue
    }
    range -= bound
    code -= bound
    store<u16>(q, p - (p >> 5))
    let lengths: usize = PROBABILITIES + REP_LENGTHS
    let fresh = false
    if (range < 0x1000000) {
      range <<= 8
      code = (code << 8) | load<u8>(at++)
    }
    q = PROBABILITIES + IS_REP + (stateNow << 1)
    p = load<u16>(q)
    bound = (range >>> 11) * p
    if (code < bound) {
      range = bound
      store<u16>(q, p + ((2048 - p) >> 5))
      lengths = PROBABILITIES + LENGTHS
      fresh = true
      r3 = r2
      r2 = r1
      r1 = r0
      stateNow = stateNow < 7 ? 7 : 10
    } else {
      range -= bound
      code -= bound
      store<u16>(q, p - (p >> 5))
      if (range < 0x1000000) {
        range <<= 8
        code = (code << 8) | load<u8>(at++)
      }
      q = PROBABILITIES + IS_REP0 + (stateNow << 1)
      p = load<u16>(q)
      bound = (range >>> 11) * p
      if (code < bound) {
        range = bound
        store<u16>(q, p + ((2048 - p) >> 5))
        if (range < 0x1000000) {
          range <<= 8
          code = (code << 8) | load<u8>(at++)
        }
        q = PROBABILITIES + IS_REP0_LONG + ((stateNow << 4) << 1) + (position << 1)
        p = load<u16>(q)
        bound = (range >>> 11) * p
        if (code < bound) {
          range = bound
          store<u16>(q, p + ((2048 - p) >> 5))
          if (at > end || r0 >= to - dictionary) break
          stateNow = stateNow < 7 ? 9 : 11
          store<u8>(to, load<u8>(to - r0 - 1))
          to++
          continue
        }
        range -= bound
        code -= bound
        store<u16>(q, p - (p >> 5))
      } else {
        range -= bound
        code -= bound
        store<u16>(q, p - (p >> 5))
        if (range < 0x1000000) {
          range <<= 8
          code = (code << 8) | load<u8>(at++)
        }
        q = PROBABILITIES + IS_REP1 + (stateNow << 1)
        p = load<u16>(q)
        bound = (range >>> 11) * p
        let distance = r1
        if (code < bound) {
          range = bound
          store<u16>(q, p + ((2048 - p) >> 5))
        } else {
          range -= bound
          code -= bound
          store<u16>(q, p - (p >> 5))
          if (range < 0x1000000) {
            range <<= 8
            code = (code << 8) | load<u8>(at++)
          }
          q = PROBABILITIES + IS_REP2 + (stateNow << 1)
          p = load<u16>(q)
          bound = (range >>> 11) * p
          if (code < bound) {
            range = bound
            store<u16>(q, p + ((2048 - p) >> 5))
            distance = r2
          } else {
            range -= bound
            code -= bound
            store<u16>(q, p - (p >> 5))
            distance = r3
            r3 = r2
          }
          r2 = r1
        }
        r1 = r0
        r0 = distance
      }
      stateNow = stateNow < 7 ? 8 : 11
    }
    // The length: a choice of three trees.
    let length: usize = 2
    let tree = lengths + 4 + (position << 4)
    let leaves: usize = 8
    if (range < 0x1000000) {
      range <<= 8
      code = (code << 8) | load<u8>(at++)
    }
    q = lengths
    p = load<u16>(q)
    bound = (range >>> 11) * p
    if (code < bound) {
      range = bound
      store<u16>(q, p + ((2048 - p) >> 5))
    } else {
      range -= bound
      code -= bound
      store<u16>(q, p - (p >> 5))
      if (range < 0x1000000) {
        range <<= 8
        code = (code << 8) | load<u8>(at++)
      }
      q = lengths + 2
      p = load<u16>(q)
      bound = (range >>> 11) * p
      length = 10
      tree = lengths + 260 + (position << 4)
      if (code < bound) {
        range = bound
        store<u16>(q, p + ((2048 - p) >> 5))
      } else {
        range -= bound
        code -= bound
        store<u16>(q, p - (p >> 5))
        length = 18
        tree = lengths + 516
        leaves = 256
      }
    }
    let node: usize = 1
    do {
      if (range < 0x1000000) {
        range <<= 8
        code = (code << 8) | load<u8>(at++)
      }
      q = tree + (node << 1)
      p = load<u16>(q)
      bound = (range >>> 11) * p
      mask = <u32>(code < bound) - 1
      code -= bound & mask
      range = bound + ((range - bound - bound) & mask)
      store<u16>(q, p + (<u32>(<i32>(2048 - (2017 & mask) - p) >> 5)))
      node = (node << 1) - mask
    } while (node < leaves)
    length += node - leaves
    if (fresh) {
      const slots = PROBABILITIES + SLOTS + (min<usize>(length - 2, 3) << 7)
      let slot: usize = 1
      do {
        if (range < 0x1000000) {
          range <<= 8
          code = (code << 8) | load<u8>(at++)
        }
        q = slots + (slot << 1)
        p = load<u16>(q)
        bound = (range >>> 11) * p
        mask = <u32>(code < bound) - 1
        code -= bound & mask
        range = bound + ((range - bound - bound) & mask)
        store<u16>(q, p + (<u32>(<i32>(2048 - (2017 & mask) - p) >> 5)))
        slot = (slot << 1) - mask
      } while (slot < 64)
      slot -= 64
      r0 = slot
      if (slot >= 4) {
        let bits = (slot >> 1) - 1
        r0 = (2 | (slot & 1)) << bits
        let reversed = PROBABILITIES + ALIGN
        if (slot < 14) reversed = PROBABILITIES + DISTANCES + ((r0 - slot) << 1)
        else {
          let direct: usize = 0
          for (; bits > 4; bits--) {
            if (range < 0x1000000) {
              range <<= 8
              code = (code << 8) | load<u8>(at++)
            }
            range >>>= 1
            mask = <u32>(code < range) - 1
            code -= range & mask
            direct = (direct << 1) - mask
          }
          r0 += direct << 4
        }
        let leaf: usize = 1
        for (let i: usize = 0; i < bits; i++) {
          if (range < 0x1000000) {
            range <<= 8
            code = (code << 8) | load<u8>(at++)
          }
          q = reversed + (leaf << 1)
          p = load<u16>(q)
          bound = (range >>> 11) * p
          mask = <u32>(code < bound) - 1
          code -= bound & mask
          range = bound + ((range - bound - bound) & mask)
          store<u16>(q, p + (<u32>(<i32>(2048 - (2017 & mask) - p) >> 5)))
          leaf = (leaf << 1) - mask
          r0 += <usize>(mask & 1) << i
        }
      }
    }
    if (at > end || r0 >= to - dictionary) break
    const after = min(stop, to + length)
    over = to + length > stop
    let from = to - r0 - 1
    if (r0 >= 7) {
      for (; to < after; to += 8, from += 8) store<u64>(to, load<u64>(from))
      to = after
    } else while (to < after) store<u8>(to++, load<u8>(from++))
  }
  if (range < 0x1000000) code = (code << 8) | load<u8>(at++)
  // A match that reaches over the end of its chunk.
  if (over) code = 1
  state = stateNow
  rep0 = r0
  rep1 = r1
  rep2 = r2
  rep3 = r3
  rangeAt = at
  codeNow = code
  return to
}
