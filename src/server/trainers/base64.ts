const ALPHABET = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/'
const PAD = 0x3d
/** What stands for no value: above the 24 bits of four characters. */
const BAD = 1 << 24

/** The values of a character at each of four places, already where they belong in 24 bits. */
const [FIRST, SECOND, THIRD, FOURTH] = [18, 12, 6, 0].map((shift) => {
  const values = new Int32Array(256).fill(BAD)
  for (const [value, char] of [...ALPHABET].entries()) values[char.charCodeAt(0)] = value << shift
  return values
}) as [Int32Array, Int32Array, Int32Array, Int32Array]

/**
 * The bytes that base64 stands for, or undefined where it is none. Padding may be left out; white space is passed over.
 * From bytes to bytes, since a body's pictures are never made into strings (see json-body.ts).
 */
export function decodeBase64(chars: Uint8Array): Uint8Array | undefined {
  return decode(chars) ?? decode(chars.filter((char) => !isSpace(char)))
}

const isSpace = (char: number): boolean => char === 0x20 || (char >= 0x09 && char <= 0x0d)

function decode(chars: Uint8Array): Uint8Array | undefined {
  let length = chars.length
  if (length % 4 === 0 && chars[length - 1] === PAD) length -= chars[length - 2] === PAD ? 2 : 1
  if (length % 4 === 1) return undefined
  const whole = length - (length % 4)
  const bytes = new Uint8Array(Math.floor((length * 3) / 4))
  let seen = 0
  let at = 0
  for (let i = 0; i < whole; i += 4, at += 3) {
    const bits = FIRST[chars[i]!]! | SECOND[chars[i + 1]!]! | THIRD[chars[i + 2]!]! | FOURTH[chars[i + 3]!]!
    seen |= bits
    bytes[at] = bits >> 16
    bytes[at + 1] = bits >> 8
    bytes[at + 2] = bits
  }
  if (length > whole) {
    const third = length - whole === 3 ? THIRD[chars[whole + 2]!]! : 0
    const bits = FIRST[chars[whole]!]! | SECOND[chars[whole + 1]!]! | third
    seen |= bits
    // What has no place is not set.
    bytes[at] = bits >> 16
    bytes[at + 1] = bits >> 8
  }
  return seen & BAD ? undefined : bytes
}
