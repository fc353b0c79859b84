import { RequestError, show } from '../../base/errors.ts'
import type { SentTexts } from './sent-texts.ts'

/** The fields of a JSON object or a form, read one by one. Each reader throws `RequestError` `request_invalid`. */
export class Fields {
  /** What the texts of {@link list} say. */
  readonly sent: SentTexts
  readonly #values: Readonly<Record<string, unknown>>
  readonly #where: string

  /** `where`: as errors name it. With `known`, other fields are refused: a misspelt one would be ignored in silence. */
  constructor(value: unknown, where: string, sent: SentTexts, known?: readonly string[]) {
    this.sent = sent
    if (typeof value !== 'object' || value === null || Array.isArray(value))
      throw invalid(`${where} must be an object, not ${show(value)}.`)
    this.#values = value as Readonly<Record<string, unknown>>
    this.#where = where
    if (!known) return
    const stranger = Object.keys(value).find((name) => !known.includes(name))
    if (stranger !== undefined)
      throw invalid(
        `${where} has a field ${show(stranger)}, which is not known here. Known are ${known.join(', ')}.`,
      )
  }

  /** `null` counts as left out. */
  has(name: string): boolean {
    return this.#get(name) !== undefined
  }

  text(name: string): string | undefined {
    const value = this.#get(name)
    if (value === undefined) return undefined
    const text = this.sent.text(value)
    if (text === undefined) throw this.#not(name, 'text', value)
    return text
  }

  /** A list as it was sent; a single thing counts as a list of one where `single` lets it. */
  list(name: string, { single = false }: { readonly single?: boolean } = {}): readonly unknown[] | undefined {
    const value = this.#get(name)
    if (value === undefined || Array.isArray(value)) return value
    if (single) return [value]
    throw this.#not(name, 'a list', value)
  }

  texts(name: string, options?: { readonly single?: boolean }): readonly string[] | undefined {
    return this.sentTexts(name, options)?.map((value) => this.sent.text(value)!)
  }

  /** The same as they were sent: they may be pictures. */
  sentTexts(name: string, options?: { readonly single?: boolean }): readonly string[] | undefined {
    const list = this.list(name, options)
    const at = list?.findIndex((value) => typeof value !== 'string') ?? -1
    if (at >= 0) throw this.#not(`${name}[${at}]`, 'text', list![at])
    return list as readonly string[] | undefined
  }

  oneOf<T extends string>(name: string, choices: readonly T[]): T | undefined {
    const value = this.#get(name)
    if (value === undefined || choices.includes(value as T)) return value as T | undefined
    throw this.#not(name, `one of ${choices.join(', ')}`, value)
  }

  whole(name: string): number | undefined {
    const value = this.#get(name)
    if (value === undefined || (Number.isSafeInteger(value) && (value as number) > 0))
      return value as number | undefined
    throw this.#not(name, 'a whole number from 1', value)
  }

  flag(name: string): boolean {
    const value = this.#get(name)
    if (value === undefined || typeof value === 'boolean') return value ?? false
    throw this.#not(name, 'true or false', value)
  }

  numbers(name: string): Readonly<Record<string, number>> | undefined {
    const value = this.#get(name)
    if (value === undefined) return undefined
    const { [name]: numbers } = this.#values as Record<string, Record<string, number>>
    const fits =
      typeof value === 'object' &&
      !Array.isArray(value) &&
      Object.values(value as object).every((number) => Number.isFinite(number))
    if (!fits) throw this.#not(name, 'an object of numbers', value)
    return numbers
  }

  #get(name: string): unknown {
    const value = Object.hasOwn(this.#values, name) ? this.#values[name] : undefined
    return value === null ? undefined : value
  }

  #not(name: string, kind: string, value: unknown): RequestError {
    return invalid(
      `${name} of ${this.#where.replace(/^The/, 'the')} must be ${kind}, not ${show(this.sent.text(value) ?? value)}.`,
    )
  }
}

export const invalid = (message: string, details: Record<string, unknown> = {}): RequestError =>
  new RequestError('request_invalid', message, details)
