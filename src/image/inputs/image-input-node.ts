import { resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import { ImageError, show } from '../../base/errors.ts'
import { hidePasswords } from '../../base/hide-passwords.ts'
import { isGivenAway } from '../../base/memory/given-away.ts'
import type { ImageSource } from '../pool/image-job-node.ts'
import { checkRawImage } from '../preprocess.ts'
import type { RawImage } from '../raw-image.ts'
import { fetchImage, type FetchImageOptions, showUrl } from './fetch-image.ts'
import type { ImageInput } from './image-input.ts'
import { jimpPixels } from './jimp-image.ts'
import { refuseLongText } from './not-a-path.ts'

/** What Node's users may call an image. A string is a path, unless it starts with `http:`, `https:`, `file:` or `data:`. */
export type NodeImageInput = ImageInput

/** An input that has been looked at, but not read. */
export interface OpenedInput {
  /** The name to show in errors, where it has one. */
  readonly name: string | undefined
  /** Bytes that reading it brings into memory here; about, where that is not known. */
  readonly reads: number
  /** `owned`: the bytes are ours, and may be handed to another thread without a copy. */
  read(
    options: FetchImageOptions,
  ): { source: ImageSource; owned: boolean } | Promise<{ source: ImageSource; owned: boolean }>
}

/** Throws `ImageError` (`image_unsupported`, `image_invalid_raw`, `image_zero_size`) where it is nothing of the kind. */
export function openImageInput(input: unknown): OpenedInput {
  if (typeof input === 'string') return URL_START.test(input) ? openUrl(parseUrl(input)) : openPath(input)
  if (input instanceof URL) return openUrl(input)
  if (input instanceof Blob) {
    const name = 'name' in input && typeof input.name === 'string' ? input.name : undefined
    return {
      name,
      reads: input.size,
      read: async () => ({ source: { bytes: new Uint8Array(await input.arrayBuffer()) }, owned: true }),
    }
  }
  const bytes = asBytes(input)
  if (bytes)
    return { name: undefined, reads: 0, read: () => ({ source: { bytes }, owned: isGivenAway(bytes) }) }
  const raw = pixelsOf(input)
  if (raw) {
    checkRawImage(raw)
    return { name: undefined, reads: 0, read: () => ({ source: { raw }, owned: false }) }
  }
  throw new ImageError(
    'image_unsupported',
    `${show(input)} is not an image. Give a path, a URL, a Buffer, Uint8Array or ArrayBuffer, a Blob or File, ` +
      '{ data, width, height, channels }, or a Jimp object.',
    { type: typeof input },
  )
}

function pixelsOf(input: unknown): RawImage | undefined {
  if (typeof input !== 'object' || input === null) return undefined
  if (!('data' in input)) return jimpPixels(input)
  const { data, width, height, channels } = input as RawImage
  return { data, width, height, channels }
}

/** Bytes that an image is counted with before it is fetched: few are larger. */
const FETCHED_BYTES = 4 << 20

/** What cannot be meant as a path: other schemes are refused as addresses, not looked for on the disk. */
const URL_START = /^((https?|file|data):|[a-z][a-z\d+.-]+:\/\/)/i

function parseUrl(text: string): URL {
  try {
    return new URL(text)
  } catch (cause) {
    throw notAnAddress(text, cause)
  }
}

function filePath(url: URL): string {
  try {
    return fileURLToPath(url)
  } catch (cause) {
    throw notAnAddress(url.href, cause)
  }
}

function notAnAddress(text: string, cause: unknown): ImageError {
  return new ImageError(
    'image_unsupported',
    `${show(text)} is not a valid address (${(cause as Error).message}). Correct it, or give a path.`,
    { image: hidePasswords(text), cause },
  )
}

function openPath(path: string): OpenedInput {
  if (path === '')
    throw new ImageError('image_not_found', 'The path of an image is empty. Give the path of a file.', {
      image: path,
    })
  const refused = refuseLongText(path)
  if (refused) throw refused
  // Resolved now: the working folder may be another when a worker gets to it.
  return { name: path, reads: 0, read: () => ({ source: { path: resolve(path) }, owned: true }) }
}

function openUrl(url: URL): OpenedInput {
  if (url.protocol === 'file:') return openPath(filePath(url))
  const name = showUrl(url)
  if (url.protocol !== 'http:' && url.protocol !== 'https:' && url.protocol !== 'data:') {
    throw new ImageError(
      'image_unsupported',
      `${name}: ${url.protocol} addresses are not fetched. Give an http(s) or file URL.`,
      { image: name },
    )
  }
  return {
    name,
    reads: FETCHED_BYTES,
    read: async (options) => ({ source: { bytes: await fetchImage(url, options) }, owned: true }),
  }
}

/** Seen by what they are, not by class: buffers of another realm (Jest's) are buffers too. */
function asBytes(input: unknown): Uint8Array | undefined {
  // No view can be made of a buffer that was handed to another thread.
  if (ArrayBuffer.isView(input))
    return input.byteLength === 0
      ? new Uint8Array()
      : new Uint8Array(input.buffer, input.byteOffset, input.byteLength)
  const tag = Object.prototype.toString.call(input)
  if (tag === '[object ArrayBuffer]' || tag === '[object SharedArrayBuffer]')
    return (input as ArrayBuffer).byteLength === 0 ? new Uint8Array() : new Uint8Array(input as ArrayBuffer)
  return undefined
}
