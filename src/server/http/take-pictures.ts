import type { IcthpError } from '../../base/errors.ts'
import { ImageError, show } from '../../base/errors.ts'
import { giveAway } from '../../base/memory/given-away.ts'
import { asIcthpError } from '../desk/as-icthp-error.ts'
import { invalid } from './fields.ts'
import { FormFile } from './parse-form.ts'
import type { SentTexts } from './sent-texts.ts'

/** Brings the bytes of an address. Throws `ImageError`. */
export type FetchPicture = (address: string, signal: AbortSignal) => Promise<Uint8Array>

/** A picture as it was sent: its bytes, or why there are none. */
export interface SentPicture {
  readonly image: Uint8Array | IcthpError
  /** Of a file. */
  readonly name?: string
}

export interface TakeOptions {
  /** What the texts of the list say. */
  readonly sent: SentTexts
  readonly fetchPicture: FetchPicture | undefined
  readonly signal: AbortSignal
}

/** Addresses of one request that are fetched at a time. */
const FETCHES = 4
/** Base64 is decoded for so long before others have their turn at the event loop. */
const AT_A_TIME_MS = 10

/**
 * The pictures of a list: base64, data URIs, addresses, files of a form, or objects `{image}` or `{url}` with a `name`. What is
 * wrong with one stands in its place. Throws `RequestError` `request_invalid` for what is no picture at all.
 */
export async function takePictures(list: readonly unknown[], how: TakeOptions): Promise<SentPicture[]> {
  const { sent, signal } = how
  const entries = list.map((entry, i) => plain(entry, `images[${i}]`, sent))
  const pictures: SentPicture[] = []
  let next = 0
  let rested = performance.now()
  const work = async (): Promise<void> => {
    while (next < entries.length) {
      const at = next++
      if (performance.now() - rested > AT_A_TIME_MS) {
        await new Promise((resolve) => setTimeout(resolve))
        rested = performance.now()
      }
      const { source, name } = entries[at]!
      const image = await bytesOf(source, how).catch(asIcthpError)
      signal.throwIfAborted()
      pictures[at] = { image, ...(name === undefined ? {} : { name }) }
    }
  }
  await Promise.all(Array.from({ length: FETCHES }, work))
  return pictures
}

interface Entry {
  readonly source: string | FormFile
  readonly name?: string | undefined
}

function plain(entry: unknown, where: string, sent: SentTexts): Entry {
  if (typeof entry === 'string') return { source: entry }
  if (entry instanceof FormFile) return { source: entry, name: entry.name }
  const { image, url, name } = (entry ?? {}) as Record<string, unknown>
  const source = image ?? url
  if (typeof source !== 'string')
    throw invalid(
      `${where} must be base64, a data URI, an address, or { image, name }, not ${kindOf(entry)}.`,
    )
  if (name !== undefined && typeof name !== 'string')
    throw invalid(`The name of ${where} must be text, not ${show(name)}.`)
  return { source, name: sent.text(name) }
}

/** What is in lists and objects may be long, or a picture. */
function kindOf(value: unknown): string {
  if (Array.isArray(value)) return 'a list'
  return typeof value === 'object' && value !== null ? 'an object without one' : show(value)
}

const DATA_URI = /^data:[^,]{0,200},/i

/** Whether a text is a picture, or the address of one, and no prompt. */
export const isPictureText = (text: string): boolean => /^(?:data:image\/|https?:\/\/)/i.test(text)

async function bytesOf(
  source: string | FormFile,
  { sent, fetchPicture, signal }: TakeOptions,
): Promise<Uint8Array | IcthpError> {
  if (typeof source !== 'string') return source.bytes
  const head = sent.head(source)
  if (/^https?:/i.test(head)) {
    if (fetchPicture) return fetchPicture(sent.text(source)!, signal)
    return new ImageError(
      'image_unsupported',
      'This server fetches no addresses. Send the picture as base64, as a data URI or as a file of a form, or start the ' +
        'server with --allow-urls.',
    )
  }
  const [uri = ''] = DATA_URI.exec(head) ?? []
  if (uri !== '' && !/;\s*base64\s*,$/i.test(uri))
    return new ImageError('image_unreadable', 'The data URI is not base64. Send `data:image/png;base64,…`.')
  const bytes = await sent.base64(source, uri.length)
  if (bytes) return giveAway(bytes)
  return new ImageError(
    'image_unreadable',
    `${show(head.slice(0, 24))}… is not base64. Send the bytes of the file as base64 or as a data URI.`,
  )
}
