/** What stands for no value: above the 24 bits of four characters. */
const BAD = 1 << 24
const PAD = 0x3d

/** The values of a character at each of four places, already where they belong in 24 bits; both alphabets (RFC 4648, 4 and 5). */
const [FIRST, SECOND, THIRD, FOURTH] = [18, 12, 6, 0].map((shift) => {
  const values = new Int32Array(256).fill(BAD)
  for (const last of ['+/', '-_'])
    [...`ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789${last}`].forEach(
      (character, value) => (values[character.charCodeAt(0)] = value << shift),
    )
  return values
}) as [Int32Array, Int32Array, Int32Array, Int32Array]

/** Characters that are decoded at a time: some milliseconds. Whole groups of four. */
const PART = 1 << 20

/**
 * The bytes of a base64 text, or `undefined` where it is none. White space between and padding that is left out are let
 * pass, as most decoders do; a character of another kind is not, since half an image must not be scored.
 */
export function decodeBase64(text: string): Uint8Array<ArrayBuffer> | undefined {
  // Characters beyond ASCII become bytes that stand for no value.
  const chars = bare(new TextEncoder().encode(text))
  const bytes = roomFor(chars)
  return bytes && decodePart(chars, bytes, 0) ? bytes : undefined
}

/** The same of ASCII bytes, in parts: `before` is awaited before each, with its size, so that others can have their turn. */
export async function decodeBase64InParts(
  characters: Uint8Array,
  before: (size: number) => Promise<void> | undefined,
): Promise<Uint8Array<ArrayBuffer> | undefined> {
  const chars = bare(characters)
  const bytes = roomFor(chars)
  for (let from = 0; bytes && from < chars.length; from += PART) {
    const part = chars.subarray(from, from + PART)
    await before(part.length)
    if (!decodePart(part, bytes, (from / 4) * 3)) return undefined
  }
  return bytes
}

function roomFor({ length }: Uint8Array): Uint8Array<ArrayBuffer> | undefined {
  return length % 4 === 1 ? undefined : new Uint8Array(Math.floor((length * 3) / 4))
}

/** Tab to carriage return, and the space. */
const isWhite = (char: number): boolean => char === 0x20 || (char >= 0x09 && char <= 0x0d)
const WHITE = [0x20, 0x0a, 0x0d, 0x09, 0x0b, 0x0c]

/** Without white space, and without the padding that fills the last group. */
function bare(chars: Uint8Array): Uint8Array {
  const dense = WHITE.some((white) => chars.includes(white)) ? withoutWhite(chars) : chars
  if (dense.length % 4 !== 0 || dense.at(-1) !== PAD) return dense
  return dense.subarray(0, dense.at(-2) === PAD ? -2 : -1)
}

function withoutWhite(chars: Uint8Array): Uint8Array {
  const dense = new Uint8Array(chars.length)
  let length = 0
  for (const char of chars) if (!isWhite(char)) dense[length++] = char
  return dense.subarray(0, length)
}

/** Writes what characters stand for from `at` on; only the last part may hold a group that is not whole. Returns whether it could. */
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
