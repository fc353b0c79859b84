import { InputError, show } from './errors.ts'

/** The options of a call, as JavaScript callers pass them (`null`, a number). Throws `InputError` `input_invalid_option`. */
export function checkObject(options: unknown, call: string): void {
  if (typeof options === 'object' && options !== null) return
  throw new InputError('input_invalid_option', `The options of ${call} are an object, not ${show(options)}.`)
}
