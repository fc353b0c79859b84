import type * as Ort from 'onnxruntime-common'
import { InputError, show } from '../../base/errors.ts'
import type { OrtApi } from '../run-ort-session.ts'

/** What is used of a module with onnxruntime-common's API: pass the module itself. `env` says the version, where it is there. */
export type OrtModule = Pick<OrtApi, 'InferenceSession' | 'Tensor'> & { readonly env?: Ort.Env | undefined }

/** Throws `InputError` `input_invalid_option` where it is something else. */
export function checkOrtModule(ort: unknown): asserts ort is OrtApi {
  const { InferenceSession, Tensor } = (ort ?? {}) as Partial<Record<keyof OrtApi, { create?: unknown }>>
  if (typeof InferenceSession?.create === 'function' && typeof Tensor === 'function') return
  throw new InputError(
    'input_invalid_option',
    'Pass a module with InferenceSession and Tensor of onnxruntime-common: ' +
      "`import * as ort from 'onnxruntime-react-native'`, `new OrtBackend(ort)`.",
  )
}

/** Options as JavaScript callers pass them. Throws `InputError` `input_invalid_option`. */
export function checkOrtOptions(options: object): void {
  const { prefer, ...calls } = options as Readonly<Record<string, unknown>>
  if (prefer !== undefined && !(Array.isArray(prefer) && Array.from<unknown>(prefer).every(isText)))
    throw new InputError('input_invalid_option', `prefer is a list of devices, not ${show(prefer)}.`)
  for (const name of ['read', 'sessionOptions']) {
    const call = calls[name]
    if (call === undefined || typeof call === 'function') continue
    throw new InputError('input_invalid_option', `${name} is a function, not ${show(call)}.`)
  }
}

const isText = (value: unknown): boolean => typeof value === 'string'

/** For example `onnxruntime-react-native 1.24.3`: each package adds its version to that of onnxruntime-common. */
export function ortModuleName({ env }: OrtModule): string {
  const { common, ...packages } = env?.versions ?? {}
  const found = Object.entries(packages).find(([, version]) => version !== undefined)
  if (found) return `onnxruntime-${found[0]} ${String(found[1])}`
  return common === undefined ? 'onnxruntime' : `onnxruntime ${common}`
}

/** Whether it is onnxruntime-web: paths are addresses for it, and its CPU is called wasm. */
export const isWebModule = ({ env }: OrtModule): boolean => env?.versions?.web !== undefined

const queues = new WeakMap<object, Promise<unknown>>()

/**
 * Does work when all before it on the same module is done: onnxruntime-web's sessions share one memory, and take one call
 * at a time; the native ones hold the thread anyway.
 */
export function inTurn<T>(ort: object, work: () => Promise<T>): Promise<T> {
  const done = (queues.get(ort) ?? Promise.resolve()).then(work)
  queues.set(
    ort,
    done.catch(() => {}),
  )
  return done
}
