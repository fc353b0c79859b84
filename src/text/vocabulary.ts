import { LEFT_SYMBOLS, MERGE_COUNT, PACKED_MERGES, RIGHT_SYMBOLS } from './merges.ts'

/** Token ids: 256 bytes, 256 bytes that end a word, one for each merge, then the two marks. */
const WORD_END = 256
const FIRST_MERGE = 512
export const START_OF_TEXT = 49406
export const END_OF_TEXT = 49407
const VOCABULARY_SIZE = 49408

/** Slots of the table of merges, a power of two, more than twice as many as merges. */
const SLOTS = 1 << 17

/** CLIP's byte-level BPE vocabulary as tables of numbers. A merge of rank r makes token 512 + r. */
export interface Vocabulary {
  /** Token ids by byte. */
  readonly byteIds: Uint16Array
  readonly left: Uint16Array
  readonly right: Uint16Array
  /** Rank of the merge of two tokens, the lower the earlier, or -1. */
  rank(left: number, right: number): number
  /** Lowest rank from `from` on of a merge whose left part this is, or -1. */
  nextRank(left: number, from: number): number
  /** The bytes of a token by its id, and whether it ends a word. */
  bytes(id: number): number[]
  endsWord(id: number): boolean
}

let unpacked: Vocabulary | undefined

/** The vocabulary, unpacked on the first call (a few milliseconds) and shared: it never changes. */
export function vocabulary(): Vocabulary {
  return (unpacked ??= unpack())
}

/** The token that these two make. */
export function mergedId(rank: number): number {
  return FIRST_MERGE + rank
}

/** The same byte at the end of a word. */
export function wordEnd(id: number): number {
  return id + WORD_END
}

function unpack(): Vocabulary {
  const rows = unpackRows()
  const left = symbols(rows[0]!, rows[1]!)
  const right = symbols(rows[2]!, rows[3]!)
  const bytes = byteOrder()
  const byteIds = new Uint16Array(256)
  bytes.forEach((byte, id) => (byteIds[byte] = id))

  const table = new Int32Array(SLOTS)
  for (let rank = 0; rank < MERGE_COUNT; rank++) {
    let slot = hash(left[rank]!, right[rank]!)
    while (table[slot] !== 0) slot = (slot + 1) & (SLOTS - 1)
    table[slot] = rank + 1
  }
  let ranksByLeft: ReturnType<typeof groupByLeft> | undefined

  return {
    byteIds,
    left,
    right,
    rank(a, b) {
      for (let slot = hash(a, b); table[slot] !== 0; slot = (slot + 1) & (SLOTS - 1)) {
        const rank = table[slot]! - 1
        if (left[rank] === a && right[rank] === b) return rank
      }
      return -1
    },
    nextRank(id, from) {
      ranksByLeft ??= groupByLeft(left)
      for (let i = ranksByLeft.starts[id]!; i < ranksByLeft.starts[id + 1]!; i++) {
        if (ranksByLeft.ranks[i]! >= from) return ranksByLeft.ranks[i]!
      }
      return -1
    },
    bytes(id) {
      if (id < FIRST_MERGE) return [bytes[id % WORD_END]!]
      return [...this.bytes(left[id - FIRST_MERGE]!), ...this.bytes(right[id - FIRST_MERGE]!)]
    },
    endsWord(id) {
      return id < FIRST_MERGE ? id >= WORD_END : this.endsWord(right[id - FIRST_MERGE]!)
    },
  }
}

function hash(left: number, right: number): number {
  return (Math.imul(left, 0x9e3779b1) ^ Math.imul(right, 0x85ebca6b)) >>> 15
}

/** scripts/pack-vocabulary.mjs says what the rows are: steps between symbols and places among them, for each side. */
function unpackRows(): Uint16Array[] {
  const digit = new Uint8Array(128)
  let base = 0
  for (let code = 32; code < 127; code++)
    if (!"'\\`$".includes(String.fromCharCode(code))) digit[code] = base++
  let position = 0
  return [LEFT_SYMBOLS, MERGE_COUNT, RIGHT_SYMBOLS, MERGE_COUNT].map((length) => {
    const row = new Uint16Array(length)
    for (let i = 0; i < length; i++) {
      const high = digit[PACKED_MERGES.charCodeAt(position + i)]!
      row[i] = high * base + digit[PACKED_MERGES.charCodeAt(position + length + i)]!
    }
    position += 2 * length
    return row
  })
}

function symbols(steps: Uint16Array, places: Uint16Array): Uint16Array {
  const occurring = new Uint16Array(steps.length)
  let symbol = 0
  steps.forEach((step, i) => (occurring[i] = symbol += step))
  return places.map((place) => occurring[place]!)
}

/** Bytes in the order of their token ids: those that CLIP's lists write as the character of that number, then the rest. */
export function byteOrder(): number[] {
  const all = Array.from({ length: 256 }, (_, byte) => byte)
  return [...all.filter(printsAsItself), ...all.filter((byte) => !printsAsItself(byte))]
}

export function printsAsItself(byte: number): boolean {
  return (byte >= 33 && byte <= 126) || (byte >= 161 && byte !== 173)
}

function groupByLeft(left: Uint16Array): { starts: Int32Array; ranks: Int32Array } {
  const starts = new Int32Array(VOCABULARY_SIZE + 1)
  for (const id of left) starts[id + 1]!++
  for (let id = 0; id < VOCABULARY_SIZE; id++) starts[id + 1]! += starts[id]!
  const next = starts.slice()
  const ranks = new Int32Array(left.length)
  left.forEach((id, rank) => (ranks[next[id]!++] = rank))
  return { starts, ranks }
}
