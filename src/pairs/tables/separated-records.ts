import { invalidTable } from './table.ts'

/** One record of a file of separated values. */
export interface SeparatedRecord {
  /** The line that it begins in, from 1: fields may hold line ends. */
  readonly line: number
  readonly fields: readonly string[]
}

export interface SeparatedOptions {
  readonly separator: ',' | '\t'
  /** Whether a quote within a field that does not begin with one is a character like others: writers of TSV quote little. */
  readonly looseQuotes: boolean
}

/**
 * The records of RFC 4180, where lines may end in CR LF, LF or CR; empty lines are left out. Throws `InputError`
 * `input_invalid_table` with line and column for quotes that do not fit.
 */
export function* separatedRecords(
  text: string,
  where: string,
  options: SeparatedOptions,
): Generator<SeparatedRecord> {
  const reader = new FieldReader(text, where, options)
  while (!reader.ended) {
    const { line } = reader
    const fields = reader.record()
    if (fields.length > 1 || fields[0] !== '') yield { line, fields }
  }
}

class FieldReader {
  line = 1
  #at = 0
  #lineStart = 0
  readonly #plain: RegExp

  constructor(
    private readonly text: string,
    private readonly where: string,
    private readonly options: SeparatedOptions,
  ) {
    const { separator, looseQuotes } = options
    this.#plain = new RegExp(`[^${separator}\\r\\n${looseQuotes ? '' : '"'}]*`, 'y')
  }

  get ended(): boolean {
    return this.#at >= this.text.length
  }

  /** The fields up to the next line end, which is passed. */
  record(): string[] {
    const fields: string[] = []
    for (;;) {
      fields.push(this.text[this.#at] === '"' ? this.#quoted() : this.#unquoted())
      if (this.text[this.#at] !== this.options.separator) break
      this.#at++
    }
    this.#passLineEnd()
    return fields
  }

  #unquoted(): string {
    this.#plain.lastIndex = this.#at
    const [field] = this.#plain.exec(this.text)!
    this.#at += field.length
    if (this.text[this.#at] === '"')
      throw this.#invalid(
        this.#at,
        'a quote stands in a field that does not begin with one. Put the whole field in quotes, and double those in it.',
      )
    return field
  }

  #quoted(): string {
    const from = this.#at
    let end = from
    do {
      end = this.text.indexOf('"', end + 1)
      if (end === -1) throw this.#invalid(from, 'the quote that opens here is never closed.')
      // A doubled quote is one of the text.
    } while (this.text[end + 1] === '"' && ++end)
    const field = this.text.slice(from + 1, end).replaceAll('""', '"')
    this.#countLines(from, end)
    this.#at = end + 1
    const next = this.text[this.#at]
    if (next !== undefined && next !== this.options.separator && next !== '\n' && next !== '\r')
      throw this.#invalid(
        this.#at,
        'text follows a quote that closes. Double the quotes that are part of a text.',
      )
    return field
  }

  #countLines(from: number, end: number): void {
    for (let at = from; (at = this.text.indexOf('\n', at)) !== -1 && at < end; at++) {
      this.line++
      this.#lineStart = at + 1
    }
  }

  #passLineEnd(): void {
    if (this.ended) return
    this.#at += this.text.startsWith('\r\n', this.#at) ? 2 : 1
    this.line++
    this.#lineStart = this.#at
  }

  #invalid(at: number, why: string): Error {
    return invalidTable(this.where, why, { line: this.line, column: at - this.#lineStart + 1 })
  }
}
