/** The value of each character, of both alphabets (RFC 4648, 4 and 5); -1 for others. */
const VALUES = new Int8Array(256).fill(-1)
for (const alphabet of ['+/', '-_'])
  [...`ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789${alphabet}`].forEach(
    (character, value) => (VALUES[character.charCodeAt(0)] = value),
  )

/**
 * The bytes of a base64 text, or `undefined` where it is none. White space between and padding that is left out are let
 * pass, as most decoders do; a character of another kind is not, since half an image must not be scored.
 */
export function decodeBase64(text: string): Uint8Array<ArrayBuffer> | undefined {
  let end = text.length
  while (end > 0 && isBlank(text.charCodeAt(end - 1))) end--
  let padding = 0
  while (padding < 2 && end > 0 && text.charCodeAt(end - 1) === 61) {
    end--
    padding++
  }
  const out = new Uint8Array(Math.floor((end * 3) / 4))
  const [at, rest] = decodeFours(text, end, out)
  return decodeRest(text, rest, end, out, at)
}

/** Full groups of four without white space, which is nearly all there is. Gives the places in `out` and in `text`. */
function decodeFours(text: string, end: number, out: Uint8Array): [at: number, rest: number] {
  let at = 0
  let i = 0
  for (; i + 4 <= end; i += 4) {
    const [a, b, c, d] = [
      text.charCodeAt(i),
      text.charCodeAt(i + 1),
      text.charCodeAt(i + 2),
      text.charCodeAt(i + 3),
    ]
    if ((a | b | c | d) > 255) break
    const bits = (VALUES[a]! << 18) | (VALUES[b]! << 12) | (VALUES[c]! << 6) | VALUES[d]!
    if (bits < 0) break
    out[at++] = bits >> 16
    out[at++] = bits >> 8
    out[at++] = bits
  }
  return [at, i]
}

function decodeRest(
  text: string,
  from: number,
  end: number,
  out: Uint8Array<ArrayBuffer>,
  start: number,
): Uint8Array<ArrayBuffer> | undefined {
  let at = start
  let bits = 0
  let held = 0
  for (let i = from; i < end; i++) {
    const code = text.charCodeAt(i)
    if (isBlank(code)) continue
    const value = VALUES[code] ?? -1
    if (value < 0) return undefined
    bits = ((bits << 6) | value) & 0xfff
    held += 6
    if (held < 8) continue
    held -= 8
    out[at++] = bits >> held
  }
  // A single character more than groups of four says six bits, which is no byte.
  return held === 6 ? undefined : out.subarray(0, at)
}

const isBlank = (code: number): boolean => code === 32 || (code >= 9 && code <= 13)
