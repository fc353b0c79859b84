import { decodeBase64Part, decodedLength } from '../../base/decode-base64.ts'

const PAD = 0x3d
/** Characters that are decoded at a time: some milliseconds. Whole groups of four. */
const PART = 1 << 20

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
  const bytes = new Uint8Array(decodedLength(length))
  for (let from = 0; from < length; from += PART) {
    const part = chars.subarray(from, Math.min(from + PART, length))
    await before?.(part.length)
    if (!decodeBase64Part(part, bytes, (from / 4) * 3)) return undefined
  }
  return bytes
}

/** Only where it fills the last group, as trainers' own libraries write it. */
function withoutPadding(chars: Uint8Array): Uint8Array {
  if (chars.length % 4 !== 0 || chars.at(-1) !== PAD) return chars
  return chars.subarray(0, chars.at(-2) === PAD ? -2 : -1)
}
