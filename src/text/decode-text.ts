import { InputError } from '../errors.ts'

const MARKS: readonly (readonly [mark: readonly number[], encoding: string])[] = [
  [[0xef, 0xbb, 0xbf], 'utf-8'],
  [[0xff, 0xfe], 'utf-16le'],
  [[0xfe, 0xff], 'utf-16be'],
]

/**
 * The text of a file: UTF-8, or what a byte order mark announces. Anything else is refused with its place, since a text in
 * another encoding would be scored as nonsense. `where` names the file. Throws `InputError` `input_not_text`.
 */
export function decodeText(bytes: Uint8Array, where: string): string {
  if (startsWith(bytes, [0xff, 0xfe, 0, 0]) || startsWith(bytes, [0, 0, 0xfe, 0xff])) throw notText(where, 'it is UTF-32', 0, bytes)
  const [mark, encoding] = MARKS.find(([start]) => startsWith(bytes, start)) ?? [[], 'utf-8']
  const body = bytes.subarray(mark.length)
  try {
    const text = new TextDecoder(encoding, { fatal: true, ignoreBOM: true }).decode(body)
    // What no text holds; UTF-16 without a mark is full of it.
    const nul = text.indexOf('\0')
    if (nul < 0) return text
    const before = encoding === 'utf-8' ? new TextEncoder().encode(text.slice(0, nul)).length : 2 * nul
    throw notText(where, 'it holds NUL characters', before + mark.length, bytes)
  } catch (error) {
    if (error instanceof InputError) throw error
    const at = encoding === 'utf-8' ? mark.length + firstBadByte(body) : mark.length
    throw notText(where, `it is not ${encoding.toUpperCase()}`, at, bytes)
  }
}

const startsWith = (bytes: Uint8Array, start: readonly number[]): boolean => start.every((byte, i) => bytes[i] === byte)

/** Halves what is decoded until the first byte is found that no UTF-8 can follow. */
function firstBadByte(bytes: Uint8Array): number {
  let good = 0
  let bad = bytes.length
  while (bad - good > 1) {
    const middle = (good + bad) >> 1
    if (isPrefix(bytes.subarray(0, middle))) good = middle
    else bad = middle
  }
  // The character that is not whole begins before the byte that spoils it.
  while (good > 0 && bytes[good]! >= 0x80 && bytes[good]! < 0xc0) good--
  return isPrefix(bytes.subarray(0, good)) && bytes[good - 1]! >= 0xc0 ? good - 1 : good
}

/** Whether the bytes are UTF-8, but for a last character that is not whole yet. */
function isPrefix(bytes: Uint8Array): boolean {
  try {
    new TextDecoder('utf-8', { fatal: true }).decode(bytes, { stream: true })
    return true
  } catch {
    return false
  }
}

function notText(where: string, why: string, byte: number, bytes: Uint8Array): InputError {
  let line = 1
  for (let i = 0; i < byte; i++) if (bytes[i] === 10) line++
  return new InputError(
    'input_not_text',
    `${where} cannot be read as text: ${why} (line ${line}, byte ${byte}). Save it as UTF-8.`,
    { where, line, byte },
  )
}
