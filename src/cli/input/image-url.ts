import { fileURLToPath } from 'node:url'
import { hidePasswords } from '../../base/hide-passwords.ts'
import { shortName } from '../../image/inputs/not-a-path.ts'

/** What is meant as an address, whether it is a good one or not. */
const ADDRESS = /^(?:[a-z][a-z\d+.-]+:\/\/|(?:file|data):)/i

export const isUrl = (arg: string): boolean => ADDRESS.test(arg)

/** Where an address leads, or why it leads nowhere. */
export type OpenedUrl =
  | { readonly input: string | URL }
  /** A file whose name is not UTF-8. */
  | { readonly raw: Buffer }
  | { readonly refused: string; readonly code: 'image_not_found' | 'image_unsupported' }

export function openUrl(arg: string): OpenedUrl {
  const shown = shortName(hidePasswords(arg))
  if (!URL.canParse(arg))
    return { refused: `${shown} is not a URL that can be read. Check its spelling.`, code: 'image_not_found' }
  const url = new URL(arg)
  if (['http:', 'https:', 'data:'].includes(url.protocol)) return { input: url }
  if (url.protocol !== 'file:')
    return {
      refused: `${shown}: ${url.protocol} addresses are not fetched. Give an http(s) or file URL, or a path.`,
      code: 'image_unsupported',
    }
  try {
    return { input: fileURLToPath(url) }
  } catch (error) {
    const raw = error instanceof URIError ? rawPath(url) : undefined
    if (raw) return { raw }
    return {
      refused: `${shown} is not a valid address (${(error as Error).message}). Correct it, or give a path.`,
      code: 'image_unsupported',
    }
  }
}

/** Percent-encoded bytes that are no UTF-8 may well be a file's name. */
function rawPath({ host, pathname }: URL): Buffer | undefined {
  if (host !== '' || process.platform === 'win32' || /%(?![\da-f]{2})|%2f|%00/i.test(pathname))
    return undefined
  const bytes = pathname.replace(/%(..)/g, (_, hex: string) => String.fromCharCode(parseInt(hex, 16)))
  return Buffer.from(bytes, 'latin1')
}
