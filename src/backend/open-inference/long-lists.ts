import { concatBytes } from '../../base/bytes/concat-bytes.ts'
import { COLON, endOfText, pastWhite, QUOTE, WHITE } from '../../base/bytes/json-bytes.ts'
import { MessageError } from './infer-message.ts'

/** Lists of more bytes are read apart from the JSON that they stand in. */
const LONG = 64 << 10
/** Bytes that are parsed at a time: a millisecond. */
const AT_A_TIME = 64 << 10
/** Bytes after which others have their turn. */
const TURN = 1 << 20

const COMMA = 0x2c
const OPEN = 0x5b
const CLOSE = 0x5d
/** What a list is replaced by, followed by its number. */
const MARK = '\0'

/** JSON whose long lists of numbers are marks, and those lists' bytes without their outer brackets. */
export interface CutJson {
  readonly rest: Uint8Array
  readonly lists: readonly Uint8Array[]
}

/**
 * Takes the long lists of numbers, flat or nested, out of a JSON text. `JSON.parse` of a batch's `pixel_values` holds the event
 * loop for a second; so they are parsed piece by piece, by {@link readNumbers}.
 */
export function cutLongLists(bytes: Uint8Array): CutJson {
  const parts: Uint8Array[] = []
  const lists: Uint8Array[] = []
  let from = 0
  for (let at = bytes.indexOf(QUOTE); at >= 0; at = bytes.indexOf(QUOTE, at)) {
    const end = endOfText(bytes, at + 1)
    if (end < 0) break
    at = end + 1
    const start = listBehind(bytes, at)
    const close = start < 0 ? -1 : endOfList(bytes, start)
    if (close - start <= LONG) continue
    parts.push(bytes.subarray(from, start), new TextEncoder().encode(`"\\u0000${lists.length}"`))
    lists.push(bytes.subarray(start + 1, close))
    at = from = close + 1
  }
  parts.push(bytes.subarray(from))
  return { rest: concatBytes(parts), lists }
}

/** What a value of the JSON stands for, of what came of its lists; undefined where it is no mark. */
export function markedList<T>(value: unknown, lists: readonly T[]): T | undefined {
  return typeof value === 'string' && value.startsWith(MARK) ? lists[Number(value.slice(1))] : undefined
}

/** The numbers of a list, row by row. `turn` resolves once others have had theirs. Throws `MessageError`. */
export async function readNumbers(list: Uint8Array, turn: () => Promise<void>): Promise<Float64Array> {
  const pieces: Float64Array[] = []
  let sinceTurn = 0
  for (let at = 0; at < list.length;) {
    const comma = list.indexOf(COMMA, at + AT_A_TIME)
    const end = comma < 0 ? list.length : comma
    pieces.push(parsePiece(list.subarray(at, end)))
    sinceTurn += end - at
    at = end + 1
    if (at === list.length) throw notNumbers()
    if (sinceTurn < TURN) continue
    sinceTurn = 0
    await turn()
  }
  const numbers = new Float64Array(pieces.reduce((sum, { length }) => sum + length, 0))
  let at = 0
  for (const piece of pieces) {
    numbers.set(piece, at)
    at += piece.length
  }
  return numbers
}

function parsePiece(bytes: Uint8Array): Float64Array {
  // Where the brackets stand has been looked at.
  const flat = bytes.includes(OPEN) || bytes.includes(CLOSE) ? withoutBrackets(bytes) : bytes
  let values: unknown[]
  try {
    values = JSON.parse(`[${new TextDecoder('latin1').decode(flat)}]`) as unknown[]
  } catch {
    throw notNumbers()
  }
  if (!values.every((value) => typeof value === 'number')) throw notNumbers()
  return Float64Array.from(values)
}

const withoutBrackets = (bytes: Uint8Array): Uint8Array =>
  bytes.map((byte) => (byte === OPEN || byte === CLOSE ? 0x20 : byte))

const notNumbers = (): MessageError => new MessageError('the data of a tensor are no list of numbers')

/** Where the list begins that is the value of the key that ended here, or −1. */
function listBehind(bytes: Uint8Array, end: number): number {
  const colon = pastWhite(bytes, end)
  if (bytes[colon] !== COLON) return -1
  const start = pastWhite(bytes, colon + 1)
  return bytes[start] === OPEN ? start : -1
}

/** Where a list without texts closes; −1 where it has some, does not close, or its brackets stand where JSON has none. */
function endOfList(bytes: Uint8Array, start: number): number {
  const quote = bytes.indexOf(QUOTE, start)
  let depth = 0
  let open = start
  let close = bytes.indexOf(CLOSE, start)
  for (;;) {
    if (close < 0 || (quote >= 0 && close > quote)) return -1
    if (open >= 0 && open < close) {
      if (depth > 0 && !opensAValue(bytes, open)) return -1
      depth++
      open = bytes.indexOf(OPEN, open + 1)
    } else {
      if (--depth === 0) return close
      if (![COMMA, CLOSE].includes(bytes[pastWhite(bytes, close + 1)]!)) return -1
      close = bytes.indexOf(CLOSE, close + 1)
    }
  }
}

function opensAValue(bytes: Uint8Array, open: number): boolean {
  let before = open - 1
  while (WHITE.has(bytes[before])) before--
  return bytes[before] === COMMA || bytes[before] === OPEN
}
