const ALPHABET = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/'
const PAD = 0x3d
/** What stands for no value: above the 24 bits of four characters. */
const BAD = 1 << 24
/** Characters that are decoded at a time: some milliseconds. Whole groups of four. */
const PART = 1 << 20

/** The values of a character at each of four places, already where they belong in 24 bits. */
const [FIRST, SECOND, THIRD, FOURTH] = [18, 12, 6, 0].map((shift) => {
  const values = new Int32Array(256).fill(BAD)
  for (const [value, char] of [...ALPHABET].entries()) values[char.charCodeAt(0)] = value << shift
  return values
}) as [Int32Array, Int32Array, Int32Array, Int32Array]

/**
 * The bytes that base64 stands for, or undefined where it is none; padding may be left out. From bytes to bytes, since a
 * body's pictures are never made into strings (see json-body.ts). `before` is awaited before each part, with its size.
 */
export async function decodeBase64(
  chars: Uint8Array,
  before?: (size: number) => Promise<void> | undefined,
): Promise<Uint8Array | undefined> {
  const { length } = withoutPadding(chars)
  if (length % 4 === 1) return undefined
  const bytes = new Uint8Array(Math.floor((length * 3) / 4))
  for (let from = 0; from < length; from += PART) {
    const part = chars.subarray(from, Math.min(from + PART, length))
    await before?.(part.length)
    if (!decodePart(part, bytes, (from / 4) * 3)) return undefined
  }
  return bytes
}

function withoutPadding(chars: Uint8Array): Uint8Array {
  if (chars.length % 4 !== 0 || chars.at(-1) !== PAD) return chars
  return chars.subarray(0, chars.at(-2) === PAD ? -2 : -1)
}

/** Returns whether it could. */
function decodePart(chars: Uint8Array, bytes: Uint8Array, at: number): boolean {
  const whole = chars.length - (chars.length % 4)
  let seen = 0
  for (let i = 0; i < whole; i += 4, at += 3) {
    const bits = FIRST[chars[i]!]! | SECOND[chars[i + 1]!]! | THIRD[chars[i + 2]!]! | FOURTH[chars[i + 3]!]!
    seen |= bits
    bytes[at] = bits >> 16
    bytes[at + 1] = bits >> 8
    bytes[at + 2] = bits
  }
  if (chars.length > whole) {
    const third = chars.length - whole === 3 ? THIRD[chars[whole + 2]!]! : 0
    const bits = FIRST[chars[whole]!]! | SECOND[chars[whole + 1]!]! | third
    seen |= bits
    // What has no place is not set.
    bytes[at] = bits >> 16
    bytes[at + 1] = bits >> 8
  }
  return (seen & BAD) === 0
}
