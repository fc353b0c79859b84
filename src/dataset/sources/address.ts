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

/** With one slash at its end. */
export function asFolder(address: string): string {
  let end = address.length
  while (address[end - 1] === '/') end--
  return `${address.slice(0, end)}/`
}

/** `a-{000..002}.tar` as WebDataset writes it, and `{a,b}`: every name that it stands for. */
export function expandBraces(text: string): string[] {
  const open = /\{(?:(\d+)\.\.(\d+)|([^,{}]*,[^{}]*))\}/.exec(text)
  if (!open) return [text]
  const [whole, from, to, list] = open
  const before = text.slice(0, open.index)
  const after = text.slice(open.index + whole.length)
  const names = list === undefined ? numbers(from!, to!) : list.split(',')
  return names.flatMap((name) => expandBraces(after).map((rest) => before + name + rest))
}

function numbers(from: string, to: string): string[] {
  const [first, last] = [Number(from), Number(to)]
  const step = first <= last ? 1 : -1
  return Array.from({ length: Math.abs(last - first) + 1 }, (_, i) =>
    String(first + i * step).padStart(from.length, '0'),
  )
}
