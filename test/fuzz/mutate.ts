/** Whole numbers from 0 to below `below`; the same ones for the same seed. */
export type Random = (below: number) => number

/** Mulberry32 on a seed and the number of a mutant, so that each mutant can be made again without those before it. */
export function random(seed: number, mutant: number): Random {
  let state = (Math.imul(seed, 0x9e3779b1) ^ Math.imul(mutant + 1, 0x85ebca6b)) | 0
  return (below) => {
    state = (state + 0x6d2b79f5) | 0
    let t = Math.imul(state ^ (state >>> 15), state | 1)
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61)
    return Math.floor((((t ^ (t >>> 14)) >>> 0) / 2 ** 32) * below)
  }
}

/** Bytes with one to four changes; `bytes` stays as it is. */
export function mutate(bytes: Uint8Array, next: Random): Uint8Array<ArrayBuffer> {
  let mutant = new Uint8Array(bytes)
  // Most mutants have one change: more of them get past the first check.
  for (let changes = Math.max(1, next(6) - 1); changes > 0 && mutant.length > 0; changes--) {
    mutant = MUTATORS[next(MUTATORS.length)]!(mutant, next)
  }
  return mutant
}

type Mutator = (bytes: Uint8Array<ArrayBuffer>, next: Random) => Uint8Array<ArrayBuffer>

/** Where signs, widths and markers turn over. */
const BYTES = [0, 1, 0x0f, 0x10, 0x7f, 0x80, 0xd8, 0xd9, 0xda, 0xf0, 0xfe, 0xff]
const NUMBERS = [
  0, 1, 2, 3, 4, 7, 8, 15, 16, 17, 255, 256, 0x7fff, 0x8000, 0xffff, 0x10000, 0x7fffffff, 0x80000000,
  0xffffffff,
]

/** Half of the places are in the first 64 bytes, where headers are. */
const place = (length: number, next: Random): number => next(next(2) === 0 ? Math.min(64, length) : length)

/** Mostly short. */
function range(length: number, next: Random): [start: number, end: number] {
  const start = place(length, next)
  return [start, Math.min(length, start + 1 + next(2 ** (1 + next(10))))]
}

const flipBit: Mutator = (bytes, next) => {
  bytes[place(bytes.length, next)]! ^= 1 << next(8)
  return bytes
}

const setByte: Mutator = (bytes, next) => {
  bytes[place(bytes.length, next)] = next(3) === 0 ? next(256) : BYTES[next(BYTES.length)]!
  return bytes
}

/** A number of two or four bytes in either order: another one, or a little more or less. */
const setNumber: Mutator = (bytes, next) => {
  const width = next(2) === 0 ? 2 : 4
  if (bytes.length < width) return bytes
  const at = Math.min(place(bytes.length, next), bytes.length - width)
  const little = next(2) === 0
  const view = new DataView(bytes.buffer)
  const held = width === 2 ? view.getUint16(at, little) : view.getUint32(at, little)
  const value = next(2) === 0 ? held + next(9) - 4 : NUMBERS[next(NUMBERS.length)]!
  if (width === 2) view.setUint16(at, value, little)
  else view.setUint32(at, value, little)
  return bytes
}

const cut: Mutator = (bytes, next) => bytes.slice(0, place(bytes.length, next))

const zero: Mutator = (bytes, next) => bytes.fill(0, ...range(bytes.length, next))

const remove: Mutator = (bytes, next) => {
  const [start, end] = range(bytes.length, next)
  return join(bytes.subarray(0, start), bytes.subarray(end))
}

const repeat: Mutator = (bytes, next) => {
  const [start, end] = range(bytes.length, next)
  return join(bytes.subarray(0, end), bytes.subarray(start))
}

function join(a: Uint8Array, b: Uint8Array): Uint8Array<ArrayBuffer> {
  const joined = new Uint8Array(a.length + b.length)
  joined.set(a)
  joined.set(b, a.length)
  return joined
}

const MUTATORS: readonly Mutator[] = [
  flipBit,
  flipBit,
  setByte,
  setByte,
  setNumber,
  setNumber,
  cut,
  zero,
  remove,
  repeat,
]
