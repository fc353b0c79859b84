import { checkObject } from '../base/check-object.ts'
import { InputError, show } from '../base/errors.ts'
import { isObject } from '../base/json-object.ts'

/** What the options of a call must be, where they are there: functions. */
const FUNCTIONS = ['onProgress', 'onImageError'] as const

/** Options as JavaScript callers pass them. Throws `InputError` `input_invalid_option`. */
export function checkOptions(options: unknown, call: string): void {
  checkObject(options, call)
  for (const name of FUNCTIONS) {
    const value = (options as Readonly<Record<string, unknown>>)[name]
    if (value === undefined || typeof value === 'function') continue
    throw invalid(`${name} is a function, not ${show(value)}.`, { [name]: value })
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
  if (!isObject(value))
    throw invalid(`${option} is an object of ${names.join(', ')}, not ${show(value)}.`, { [option]: value })
  for (const [name, number] of Object.entries(value)) {
    if (!names.includes(name))
      throw invalid(`There is no ${option}.${name}. Known are ${names.join(', ')}.`, { [option]: value })
    if (number !== undefined && !(typeof number === 'number' && fits(number)))
      throw invalid(`${option}.${name} is ${show(number)}; it must be ${must}.`, { [option]: value })
  }
}

const invalid = (message: string, details: Record<string, unknown> = {}): InputError =>
  new InputError('input_invalid_option', message, details)
