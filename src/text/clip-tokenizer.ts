import { checkObject } from '../base/check-object.ts'
import { InputError, show } from '../base/errors.ts'
import { bpe } from './bpe.ts'
import { cleanChunks, cleanText } from './clean.ts'
import { split } from './split.ts'
import { END_OF_TEXT, START_OF_TEXT, vocabulary } from './vocabulary.ts'

/** Tokens that CLIP's text tower reads, with start and end. */
const CONTEXT_LENGTH = 77
const CACHED_WORDS = 10_000
/** UTF-16 units of a word worth keeping: longer ones hardly come again. */
const CACHED_LENGTH = 32

const MARKS: ReadonlyMap<string, readonly number[]> = new Map([
  ['<start_of_text>', [START_OF_TEXT]],
  ['<end_of_text>', [END_OF_TEXT]],
])

export interface ClipTokenizerOptions {
  /** Most tokens of a prompt, with start and end: 2 or more, default 77. */
  readonly contextLength?: number
}

/** Token ids for a text tower: `dims` are [prompts, tokens], rows are padded with 0. */
export interface InputIds {
  readonly data: BigInt64Array
  readonly dims: readonly [number, number]
}

/** What became of a prompt. */
export interface InspectedText {
  /** As `encode` gives them. */
  readonly ids: number[]
  /** Tokens of the whole prompt with start and end, before cutting. */
  readonly count: number
  readonly truncated: boolean
  /** The end of `cleaned` that the model does not see, from the first character not wholly seen; '' if nothing was cut. */
  readonly cut: string
  /** The prompt as it was tokenised: repaired, with single spaces, in lower case. */
  readonly cleaned: string
}

/**
 * CLIP's tokenizer, as open_clip's `SimpleTokenizer` (3.3) with ftfy: the same ids for the same text.
 *
 * `<start_of_text>` and `<end_of_text>` written in a prompt (in any case) become the marks themselves, as there; a tower
 * then reads the prompt only up to the first end mark. Methods throw `InputError` (`input_not_a_string`).
 */
export class ClipTokenizer {
  readonly contextLength: number
  readonly #words = new Map<string, readonly number[]>()
  readonly #encoder = new TextEncoder()

  /** Throws `InputError` (`input_invalid_option`). The vocabulary is unpacked when it is first needed. */
  constructor(options: ClipTokenizerOptions = {}) {
    checkObject(options, 'ClipTokenizer')
    this.contextLength = checkLength(options.contextLength ?? CONTEXT_LENGTH, Infinity, 'contextLength')
  }

  /**
   * Token ids with start and end, not padded; at most `contextLength`, the end mark kept last. A long prompt is read only
   * as far as needed.
   */
  encode(text: string): number[] {
    return this.#encode(text, this.contextLength)
  }

  /**
   * Token ids of many prompts, a row each, padded with 0. `length` is the tokens a row holds: up to `contextLength`
   * (default), longer prompts are cut to it; 'longest' takes the longest prompt's, at most `contextLength`.
   */
  inputIds(texts: readonly string[], options: { readonly length?: number | 'longest' } = {}): InputIds {
    const { length = this.contextLength } = options
    const most = length === 'longest' ? this.contextLength : checkLength(length, this.contextLength, 'length')
    const rows = texts.map((text, index) => this.#encode(text, most, index))
    const width = length === 'longest' ? Math.max(2, ...rows.map((row) => row.length)) : most
    const data = new BigInt64Array(rows.length * width)
    rows.forEach((row, r) => row.forEach((id, i) => (data[r * width + i] = BigInt(id))))
    return { data, dims: [rows.length, width] }
  }

  /** How many tokens a prompt has, whether it was cut, and what was cut away. Reads all of it. */
  inspect(text: string): InspectedText {
    const cleaned = cleanText(checkString(text))
    const ids = [START_OF_TEXT]
    let count = 2
    let cutAt = cleaned.length
    for (const { piece, index } of split(cleaned)) {
      const firstOfPiece = ids.length
      for (const id of this.#tokens(piece)) {
        count++
        if (ids.length < this.contextLength - 1) ids.push(id)
        else if (cutAt === cleaned.length) cutAt = index + wholeCharacters(piece, ids.slice(firstOfPiece))
      }
    }
    ids.push(END_OF_TEXT)
    return { ids, count, truncated: count > this.contextLength, cut: cleaned.slice(cutAt), cleaned }
  }

  /**
   * The text of token ids, up to the end mark: words with a space between, bytes that are not UTF-8 as U+FFFD. Throws
   * `InputError` (`input_invalid_option`) on a number that is no token id.
   */
  decode(ids: Iterable<number | bigint>): string {
    const bytes: number[] = []
    for (const id of ids) {
      const token = Number(id)
      if (token === END_OF_TEXT) break
      if (token === START_OF_TEXT) continue
      if (!(Number.isInteger(token) && token >= 0 && token < START_OF_TEXT)) {
        throw new InputError(
          'input_invalid_option',
          `${show(id)} is not a token id: pass whole numbers from 0 to ${END_OF_TEXT}.`,
          { id },
        )
      }
      bytes.push(...vocabulary().bytes(token))
      if (vocabulary().endsWord(token)) bytes.push(0x20)
    }
    return new TextDecoder('utf-8', { ignoreBOM: true }).decode(Uint8Array.from(bytes)).trimEnd()
  }

  #encode(text: string, most: number, index?: number): number[] {
    const ids = [START_OF_TEXT]
    reading: for (const chunk of cleanChunks(checkString(text, index))) {
      for (const { piece } of split(chunk)) {
        for (const id of this.#tokens(piece)) {
          if (ids.length === most - 1) break reading
          ids.push(id)
        }
      }
    }
    ids.push(END_OF_TEXT)
    return ids
  }

  #tokens(piece: string): Iterable<number> {
    if (piece.length > CACHED_LENGTH) return bpe(this.#encoder.encode(piece), vocabulary())
    const known = MARKS.get(piece) ?? this.#words.get(piece)
    if (known !== undefined) return known
    const ids = [...bpe(this.#encoder.encode(piece), vocabulary())]
    // The oldest word goes first: cheap, and prompts seldom have more words than fit.
    if (this.#words.size >= CACHED_WORDS) this.#words.delete(this.#words.keys().next().value!)
    this.#words.set(piece, ids)
    return ids
  }
}

/** UTF-16 units of the characters of `piece` whose bytes all lie in these first tokens of it. */
function wholeCharacters(piece: string, tokens: readonly number[]): number {
  let bytes = tokens.reduce((sum, id) => sum + vocabulary().bytes(id).length, 0)
  let units = 0
  for (const char of piece) {
    bytes -= utf8Length(char.codePointAt(0)!)
    if (bytes < 0) break
    units += char.length
  }
  return units
}

function utf8Length(codePoint: number): number {
  if (codePoint < 0x80) return 1
  if (codePoint < 0x800) return 2
  return codePoint < 0x10000 ? 3 : 4
}

function checkString(text: unknown, index?: number): string {
  if (typeof text === 'string') return text
  const which = index === undefined ? 'The prompt' : `Prompt ${index}`
  throw new InputError(
    'input_not_a_string',
    `${which} is ${show(text)} (${typeof text}), not a string: pass the text itself.`,
    {
      type: typeof text,
      ...(index === undefined ? {} : { index }),
    },
  )
}

function checkLength(length: number, most: number, name: string): number {
  if (Number.isInteger(length) && length >= 2 && length <= most) return length
  const range =
    most === Infinity ? '2 or more (start and end)' : `2 to ${most} (start and end, up to the context length)`
  throw new InputError(
    'input_invalid_option',
    `${name} is ${show(length)}: pass a whole number of tokens, ${range}.`,
    { [name]: length },
  )
}
