const PAD = 0x3d
const BAD = 0x80

/** The value of a character, or {@link BAD}. */
const VALUES = new Uint8Array(256).fill(BAD)
for (const [value, char] of [...'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/'].entries())
  VALUES[char.charCodeAt(0)] = value

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
  for (let i = 0; i < whole; i += 4) {
    const a = VALUES[chars[i]!]!
    const b = VALUES[chars[i + 1]!]!
    const c = VALUES[chars[i + 2]!]!
    const d = VALUES[chars[i + 3]!]!
    seen |= a | b | c | d
    bytes[at++] = (a << 2) | (b >> 4)
    bytes[at++] = (b << 4) | (c >> 2)
    bytes[at++] = (c << 6) | d
  }
  if (length > whole) {
    const rest = Array.from(chars.subarray(whole, length), (char) => VALUES[char]!)
    const [a = 0, b = 0, c = 0] = rest
    seen |= a | b | c
    bytes[at++] = (a << 2) | (b >> 4)
    if (rest.length === 3) bytes[at++] = (b << 4) | (c >> 2)
  }
  return seen & BAD ? undefined : bytes
}
