import { InputError, show } from './errors.ts'

/**
 * The options of a call, as JavaScript callers pass them (`null`, a number), and the signal that most have. Throws `InputError`
 * `input_invalid_option`.
 */
export function checkObject(options: unknown, call: string): void {
  if (typeof options !== 'object' || options === null)
    throw new InputError(
      'input_invalid_option',
      `The options of ${call} are an object, not ${show(options)}.`,
    )
  const { signal } = options as { readonly signal?: unknown }
  if (signal === undefined || isSignal(signal)) return
  throw new InputError('input_invalid_option', `signal is an AbortSignal, not ${show(signal)}.`, { signal })
}

/** By what it can do: signals of another realm are signals too. */
const isSignal = (value: unknown): boolean =>
  typeof value === 'object' &&
  value !== null &&
  'aborted' in value &&
  typeof (value as Partial<AbortSignal>).addEventListener === 'function' &&
  typeof (value as Partial<AbortSignal>).throwIfAborted === 'function'
