import { dirname, isAbsolute, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import { InputError, show } from '../../base/errors.ts'

/** `s3://…`, `https://…`, `file://…`; anything else is a path of this machine. */
export const isAddress = (text: string): boolean => /^[a-z][a-z\d+.-]+:\/\//i.test(text)
export const isWeb = (text: string): boolean => /^https?:\/\//i.test(text)
export const isS3 = (text: string): boolean => /^s3:\/\//i.test(text)

/** What the user named, as an absolute path or an address. */
export function absoluteAddress(text: string, cwd: string): string {
  if (/^file:/i.test(text)) return pathOf(text)
  return isAddress(text) ? text : resolve(cwd, text)
}

function pathOf(url: string): string {
  try {
    return fileURLToPath(url)
  } catch (cause) {
    throw new InputError(
      'input_invalid_option',
      `${show(url)} is not the address of a file (${(cause as Error).message}). Give a path.`,
      { cause },
    )
  }
}

/** What `path` means in a file at `base`: an address stays, a path is relative to the folder of the file. */
export function resolveAddress(path: string, base: string): string {
  if (isAddress(path)) return path
  if (!isAddress(base)) return isAbsolute(path) ? path : resolve(dirname(base), path)
  // Not by URL: a bucket's keys may hold `?`, `#` and `%`.
  const folder = base.slice(0, base.lastIndexOf('/') + 1)
  const parts: string[] = []
  for (const part of path.split('/')) {
    if (part === '..') parts.pop()
    else if (part !== '.' && part !== '') parts.push(part)
  }
  return folder + parts.join('/')
}

/** The last part of a path or an address, without what a web server is asked beside it. */
export const nameOf = (address: string): string =>
  asFolder(isWeb(address) ? withoutQuery(address) : address)
    .split('/')
    .at(-2) ?? ''

/** Without what a web server is asked beside a place. */
export function withoutQuery(url: string): string {
  const end = url.search(/[?#]/)
  return end < 0 ? url : url.slice(0, end)
}

/** What signs an address for a while, as Amazon, Google, Cloudflare and CloudFront write it. */
const SIGNS =
  /^(?:x-amz-[\w-]+|x-goog-[\w-]+|awsaccesskeyid|googleaccessid|signature|expires|key-pair-id|policy)$/i
/** Azure's names are common ones; they sign where `sig` is among them. */
const SIGNS_AZURE = /^(?:sig|se|st|sp|sv|sr|spr|sip|skoid|sktid|skt|ske|sks|skv|sdd)$/i

/** What an address names, whoever signed it: two signatures of one file are one source. */
export function identityOf(address: string): string {
  if (!isWeb(address)) return address
  const [place, query] = halves(address, '?')
  if (query === undefined) return address
  const asked = query.split('&').map((part) => ({ part, name: halves(part, '=')[0] }))
  const isAzure = asked.some(({ name }) => name.toLowerCase() === 'sig')
  const kept = asked.filter(({ name }) => !SIGNS.test(name) && !(isAzure && SIGNS_AZURE.test(name)))
  if (kept.length === asked.length) return address
  return kept.length === 0 ? place : `${place}?${kept.map(({ part }) => part).join('&')}`
}

function halves(text: string, at: string): [before: string, after: string | undefined] {
  const index = text.indexOf(at)
  return index < 0 ? [text, undefined] : [text.slice(0, index), text.slice(index + 1)]
}

/** With one slash at its end. */
export function asFolder(address: string): string {
  let end = address.length
  while (address[end - 1] === '/') end--
  return `${address.slice(0, end)}/`
}

/** Names that one text may stand for: more shards than any dataset has, and a mistake that would fill memory. */
const MOST_NAMES = 1_000_000

/**
 * `a-{000..002}.tar` as WebDataset writes it, and `{a,b}`: every name that it stands for. Throws `InputError`
 * `input_invalid_option` where they are more than a million.
 */
export function expandBraces(text: string): string[] {
  const parts = bracesIn(text)
  const names = parts.reduce((count, part) => count * (typeof part === 'string' ? 1 : part.count), 1)
  if (names > MOST_NAMES)
    throw new InputError(
      'input_invalid_option',
      `${show(text)} stands for more than ${MOST_NAMES} names. Check the numbers in its braces.`,
      { source: text },
    )
  return parts.reduce<string[]>(
    (before, part) => {
      const after = typeof part === 'string' ? [part] : part.names()
      return before.flatMap((start) => after.map((end) => start + end))
    },
    [''],
  )
}

interface Braces {
  readonly count: number
  readonly names: () => string[]
}

function bracesIn(text: string): (string | Braces)[] {
  return text.split(/(\{(?:\d+\.\.\d+|[^,{}]*,[^{}]*)\})/).map((part, i) => {
    if (i % 2 === 0) return part
    const inner = part.slice(1, -1)
    const [, from, to] = /^(\d+)\.\.(\d+)$/.exec(inner) ?? []
    if (from !== undefined && to !== undefined)
      return { count: Math.abs(Number(to) - Number(from)) + 1, names: () => numbers(from, to) }
    const list = inner.split(',')
    return { count: list.length, names: () => list }
  })
}

function numbers(from: string, to: string): string[] {
  const [first, last] = [Number(from), Number(to)]
  const step = first <= last ? 1 : -1
  return Array.from({ length: Math.abs(last - first) + 1 }, (_, i) =>
    String(first + i * step).padStart(from.length, '0'),
  )
}
