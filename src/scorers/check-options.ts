import { checkObject } from '../base/check-object.ts'
import { InputError, show } from '../base/errors.ts'

/** What the options of a call must be, where they are there: a function, or something to abort with. */
const KINDS = {
  onProgress: 'a function',
  onImageError: 'a function',
  signal: 'an AbortSignal',
} as const

/** Options as JavaScript callers pass them. Throws `InputError` `input_invalid_option`. */
export function checkOptions(options: unknown, call: string): void {
  checkObject(options, call)
  for (const [name, kind] of Object.entries(KINDS)) {
    const value = (options as Readonly<Record<string, unknown>>)[name]
    if (value === undefined || (kind === 'a function' ? typeof value === 'function' : isSignal(value)))
      continue
    throw invalid(`${name} is ${kind}, not ${show(value)}.`, { [name]: value })
  }
}

/** An object of numbers under known names. Throws `InputError` `input_invalid_option`. */
export function checkNumbersOf(
  option: string,
  value: unknown,
  names: readonly string[],
  fits: (value: number) => boolean,
  must: string,
): void {
  if (typeof value !== 'object' || value === null || Array.isArray(value))
    throw invalid(`${option} is an object of ${names.join(', ')}, not ${show(value)}.`, { [option]: value })
  for (const [name, number] of Object.entries(value)) {
    if (!names.includes(name))
      throw invalid(`There is no ${option}.${name}. Known are ${names.join(', ')}.`, { [option]: value })
    if (number !== undefined && !(typeof number === 'number' && fits(number)))
      throw invalid(`${option}.${name} is ${show(number)}; it must be ${must}.`, { [option]: value })
  }
}

/** By what it can do: signals of another realm are signals too. */
const isSignal = (value: unknown): boolean =>
  typeof value === 'object' && value !== null && 'aborted' in value && 'addEventListener' in value

const invalid = (message: string, details: Record<string, unknown> = {}): InputError =>
  new InputError('input_invalid_option', message, details)
