import { InputError, show } from '../base/errors.ts'
import { isObject, type JsonObject } from '../base/json-object.ts'
import { MOST_MS } from '../base/waiting/timer-limit.ts'
import { allKinds } from '../models/kinds.ts'
import { checkOptions } from '../scorers/check-options.ts'
import { EMBEDDING_TYPES, PART_FORMATS, PROMPT_PLACES } from './plan/settings.ts'

type Rule = readonly [must: string, fits: (value: unknown) => boolean]

const text: Rule = ['a text', (value) => typeof value === 'string']
const path: Rule = ['a path', (value) => typeof value === 'string' && value !== '' && !value.includes('\0')]
const flag: Rule = ['true or false', (value) => typeof value === 'boolean']
const call: Rule = ['a function', (value) => typeof value === 'function']
const count: Rule = ['a whole number from 1', (value) => Number.isSafeInteger(value) && Number(value) >= 1]
const time: Rule = [
  `a number of milliseconds from 1 to ${MOST_MS}`,
  (value) => typeof value === 'number' && value >= 1 && value <= MOST_MS,
]
const oneOf = (names: readonly string[]): Rule => [
  `one of ${names.join(', ')}`,
  (value) => names.includes(value as string),
]

/** Every option of this room, by what it must be. */
const RULES: Readonly<Record<string, Rule>> = {
  cwd: path,
  cache: path,
  to: path,
  prompt: text,
  promptFrom: oneOf(PROMPT_PLACES),
  plain: flag,
  columns: ['an object of names of columns: { image, prompt, key }', isColumns],
  format: oneOf(PART_FORMATS),
  embeddings: oneOf(EMBEDDING_TYPES),
  shardSize: count,
  share: ['{ index, count }, counted from 0', isShare],
  retryFailed: flag,
  recount: flag,
  partial: flag,
  jobs: count,
  lease: time,
  lock: time,
  untilDone: flag,
  redis: ['an address such as redis://host:6379', isRedis],
  queue: ['a name', (value) => typeof value === 'string' && value !== '' && !value.includes(':')],
  kinds: ['a list of reward models', isKinds],
  onWait: call,
  onShard: call,
}

/** Options as JavaScript callers pass them. Throws `InputError` `input_invalid_option`. */
export function checkDatasetOptions(options: unknown, name: string): void {
  checkOptions(options, name)
  for (const [option, [must, fits]] of Object.entries(RULES)) {
    const value = (options as JsonObject)[option]
    if (value === undefined || fits(value)) continue
    throw new InputError('input_invalid_option', `${option} must be ${must}, not ${show(value)}.`, {
      [option]: value,
    })
  }
}

function isColumns(value: unknown): boolean {
  if (!isObject(value)) return false
  const { image, ...others } = value
  return (
    (image === undefined || isTexts(image)) &&
    Object.entries(others).every(([use, name]) => ['prompt', 'key'].includes(use) && isText(name))
  )
}

function isShare(value: unknown): boolean {
  if (!isObject(value)) return false
  const { index, count: of } = value as { readonly index: number; readonly count: number }
  return Number.isSafeInteger(of) && Number.isSafeInteger(index) && index >= 0 && index < of
}

/** The client would take any other text for the path of a socket, and wait there. */
function isRedis(value: unknown): boolean {
  if (!isText(value)) return false
  return /^rediss?:\/\//i.test(value) ? URL.canParse(value) : /^(?:\/|unix:\/\/)/i.test(value)
}

function isKinds(value: unknown): boolean {
  const known = allKinds().map(({ name }) => name)
  return isTexts(value) && value.length > 0 && value.every((name) => known.includes(name))
}

const isText = (value: unknown): value is string => typeof value === 'string'
const isTexts = (value: unknown): value is readonly string[] =>
  Array.isArray(value) && Array.from<unknown>(value).every(isText)
