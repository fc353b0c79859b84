import { checkObject } from '../base/check-object.ts'
import { InputError, show } from '../base/errors.ts'

type Values = Readonly<Record<string, unknown>>

const COUNTS = ['maxBodyBytes', 'maxPixels', 'maxItems', 'maxPromptLength', 'atOnce'] as const
const FUNCTIONS = ['fetchPicture', 'onRequest', 'onError'] as const
const METRICS = ['request', 'image', 'batch', 'decoded', 'watchQueue', 'render'] as const

/** Options as JavaScript callers pass them. Throws `InputError` `input_invalid_option`. */
export function checkServerOptions(given: unknown): void {
  checkObject(given, 'createRewardServer')
  const options = given as Values
  const { timeoutSeconds, basePath, pickle } = options
  for (const name of COUNTS) checkCount(name, options[name])
  const maxQueue = valuesIn(options, 'maxQueue')
  for (const name of ['images', 'bytes']) checkCount(`maxQueue.${name}`, maxQueue?.[name])
  if (timeoutSeconds !== undefined && !(typeof timeoutSeconds === 'number' && timeoutSeconds > 0))
    throw invalid('timeoutSeconds', 'a number above 0', timeoutSeconds)
  if (pickle !== undefined && typeof pickle !== 'boolean') throw invalid('pickle', 'true or false', pickle)
  if (basePath !== undefined && !(typeof basePath === 'string' && /^\/[^*:?#]*$/.test(basePath)))
    throw invalid('basePath', 'a path such as /api/reward', basePath)
  for (const name of FUNCTIONS) checkFunction(name, options[name])
  const metrics = valuesIn(options, 'metrics')
  if (metrics) for (const name of METRICS) checkFunction(`metrics.${name}`, metrics[name] ?? null)
}

/** An option that is an object, or undefined where it is left out. */
function valuesIn(options: Values, name: string): Values | undefined {
  const value = options[name]
  if (value === undefined || (typeof value === 'object' && value !== null)) return value as Values | undefined
  throw invalid(name, 'an object', value)
}

function checkCount(name: string, value: unknown): void {
  if (value === undefined || value === Infinity || (Number.isSafeInteger(value) && Number(value) >= 1)) return
  throw invalid(name, 'a whole number from 1', value)
}

function checkFunction(name: string, value: unknown): void {
  if (value !== undefined && typeof value !== 'function') throw invalid(name, 'a function', value)
}

const invalid = (name: string, must: string, value: unknown): InputError =>
  new InputError('input_invalid_option', `${name} must be ${must}, not ${show(value)}.`, { [name]: value })
