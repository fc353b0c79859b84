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

/**
 * The bytes of a base64 text, or `undefined` where it is none. White space between and padding that is left out are let
 * pass, as most decoders do; a character of another kind is not, since half an image must not be scored.
 */
export function decodeBase64(text: string): Uint8Array<ArrayBuffer> | undefined {
  // Characters beyond ASCII become bytes that stand for no value.
  const chars = withoutPadding(
    new TextEncoder().encode(/[\t-\r ]/.test(text) ? text.replace(/[\t-\r ]/g, '') : text),
  )
  if (chars.length % 4 === 1) return undefined
  const bytes = new Uint8Array(decodedLength(chars.length))
  return decodeBase64Part(chars, bytes, 0) ? bytes : undefined
}

/** Bytes that so many characters without padding stand for. */
export const decodedLength = (characters: number): number => Math.floor((characters * 3) / 4)

/** Up to two signs of padding are taken off. */
function withoutPadding(chars: Uint8Array): Uint8Array {
  if (chars.at(-1) !== PAD) return chars
  return chars.subarray(0, chars.at(-2) === PAD ? -2 : -1)
}

/** Writes what characters stand for into `bytes` from `at` on; only the last part may hold a group that is not whole. Returns whether it could. */
export function decodeBase64Part(chars: Uint8Array, bytes: Uint8Array, at: number): boolean {
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
