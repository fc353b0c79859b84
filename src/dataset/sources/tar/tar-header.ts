/** Of everything in a tar: headers, and what bodies are filled up to. */
export const BLOCK = 512

/** A header block as it stands there, in the ustar format of POSIX or that of GNU. */
export interface TarHeader {
  readonly name: string
  /** Of the body in the archive. */
  readonly size: number
  /** The type flag: `0` a file, `5` a folder, `x` what overrides the next header … */
  readonly type: string
  /** In the format of GNU, which has other fields where POSIX has a prefix of the name. */
  readonly isGnu: boolean
}

/** The header in a block; undefined where the block is empty. Throws `Error` for what is no header. */
export function readHeader(block: Uint8Array): TarHeader | undefined {
  if (block.every((byte) => byte === 0)) return undefined
  if (!hasChecksum(block)) throw new Error('a header has a wrong checksum')
  const magic = latin1(block, 257, 8)
  const isGnu = magic.startsWith('ustar  ')
  const prefix = magic.startsWith('ustar\0') ? textAt(block, 345, 155) : ''
  const name = textAt(block, 0, 100)
  return {
    name: prefix === '' ? name : `${prefix}/${name}`,
    size: numberAt(block, 124, 12),
    type: String.fromCharCode(block[156]!).replace('\0', '0'),
    isGnu,
  }
}

/** Of all bytes, as if the checksum's own were spaces. */
function hasChecksum(block: Uint8Array): boolean {
  let sum = 0
  for (let at = 0; at < BLOCK; at++) sum += at >= 148 && at < 156 ? 32 : block[at]!
  return sum === numberAt(block, 148, 8)
}

/** Octal digits, or a binary number where the first bit is set. Throws `Error`. */
export function numberAt(block: Uint8Array, from: number, length: number): number {
  const field = block.subarray(from, from + length)
  const value = field[0]! & 0x80 ? binary(field) : octal(field)
  if (Number.isSafeInteger(value)) return value
  throw new Error('a header holds a number that is none')
}

function octal(field: Uint8Array): number {
  const digits = latin1(field, 0, field.length).split('\0')[0]!.trim()
  if (digits === '') return 0
  return /^[0-7]+$/.test(digits) ? parseInt(digits, 8) : NaN
}

/** A negative one is no size. */
const binary = (field: Uint8Array): number =>
  field[0]! & 0x40 ? NaN : field.reduce((sum, byte, i) => (i === 0 ? byte & 0x7f : sum * 256 + byte), 0)

/** Up to its end, or a NUL. */
export function textAt(block: Uint8Array, from: number, length: number): string {
  const field = block.subarray(from, from + length)
  const end = field.indexOf(0)
  return new TextDecoder().decode(end < 0 ? field : field.subarray(0, end))
}

const latin1 = (bytes: Uint8Array, from: number, length: number): string =>
  String.fromCharCode(...bytes.subarray(from, from + length))
