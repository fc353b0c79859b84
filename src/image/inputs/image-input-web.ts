import { ImageError, show } from '../../base/errors.ts'
import { hidePasswords } from '../../base/hide-passwords.ts'
import type { ImageSource } from '../image-handler-web.ts'
import { checkRawImage } from '../preprocess.ts'
import type { RawImage } from '../raw-image.ts'
import { fetchImage, type FetchImageOptions, showUrl } from './fetch-image.ts'
import type { ImageInput } from './image-input.ts'
import { jimpPixels } from './jimp-image.ts'
import { refuseLongText } from './not-a-path.ts'

/**
 * What may be called an image in browsers. Files (Blob, File, bytes, URLs; a string is a URL) and pixels (`RawImage`,
 * ImageData, `Jimp` objects) are exact. What the browser has decoded itself (ImageBitmap, canvas, VideoFrame, and an `<img>` whose file
 * cannot be fetched again) is taken as it draws it: rotated by EXIF, colour-managed, colours rounded where alpha is low.
 */
export type WebImageInput =
  ImageInput | ImageData | ImageBitmap | HTMLImageElement | HTMLCanvasElement | OffscreenCanvas | VideoFrame

/** An input that has been looked at. */
export interface OpenedInput {
  /** The name to show in errors, where it has one. */
  readonly name: string | undefined
  /** Bytes that reading it brings into memory; about, where that is not known. */
  readonly reads: number
  /** What to hand to the worker, and which parts of it are moved there. */
  read(
    options: FetchImageOptions,
  ): Promise<{ readonly source: ImageSource; readonly transfer: readonly Transferable[] }>
  /** Another way, where the first fails. */
  readonly instead?: OpenedInput
}

/** Throws `ImageError` (`image_unsupported`, `image_invalid_raw`, `image_zero_size`) where it is nothing of the kind. */
export function openWebImage(input: unknown): OpenedInput {
  if (typeof input === 'string') return openUrl(input)
  if (input instanceof URL) return openUrl(input.href)
  if (input instanceof Blob) {
    return {
      name: input instanceof File ? input.name : undefined,
      reads: input.size,
      read: async () => {
        const bytes = await readBlob(input)
        return { source: { bytes }, transfer: [bytes.buffer] }
      },
    }
  }
  if (ArrayBuffer.isView(input))
    return openBytes(new Uint8Array(input.buffer, input.byteOffset, input.byteLength))
  const tag = Object.prototype.toString.call(input)
  if (tag === '[object ArrayBuffer]' || tag === '[object SharedArrayBuffer]')
    return openBytes(new Uint8Array(input as ArrayBuffer))
  if (tag === '[object ImageData]') {
    const { data, width, height } = input as ImageData
    return openRaw({ data, width, height, channels: 4 })
  }
  if (tag === '[object HTMLImageElement]') return openElement(input as HTMLImageElement)
  if (DRAWABLE.has(tag)) return openDrawable(input as ImageBitmapSource, undefined)
  if (typeof input === 'object' && input !== null && 'data' in input) {
    const { data, width, height, channels } = input as RawImage
    return openRaw({ data, width, height, channels })
  }
  const jimp = jimpPixels(input)
  if (jimp) return openRaw(jimp)
  throw new ImageError(
    'image_unsupported',
    `${show(input)} is not an image. Give a Blob or File, a URL, an ArrayBuffer or Uint8Array, ImageData, an ImageBitmap, an ` +
      '<img> or canvas, a VideoFrame, { data, width, height, channels }, or a Jimp object.',
    { type: typeof input },
  )
}

const DRAWABLE = new Set(
  ['ImageBitmap', 'HTMLCanvasElement', 'OffscreenCanvas', 'VideoFrame'].map((name) => `[object ${name}]`),
)

/** Copied: what is handed to the worker is gone here, and these are the user's. */
function openBytes(given: Uint8Array): OpenedInput {
  return {
    name: undefined,
    reads: given.byteLength,
    read: async () => {
      const bytes = new Uint8Array(given)
      return { source: { bytes }, transfer: [bytes.buffer] }
    },
  }
}

function openRaw(raw: RawImage): OpenedInput {
  checkRawImage(raw)
  return {
    name: undefined,
    reads: raw.data.byteLength,
    read: async () => {
      const data = new Uint8Array(raw.data)
      return { source: { raw: { ...raw, data } }, transfer: [data.buffer] }
    },
  }
}

function openUrl(address: string): OpenedInput {
  const refused = /^(data|blob):/i.test(address) ? undefined : refuseLongText(address)
  if (refused) throw refused
  const base = 'document' in globalThis ? document.baseURI : location.href
  if (!URL.canParse(address, base)) {
    throw new ImageError(
      'image_unsupported',
      `${show(address)} is not a URL. Give the address of an image, or its bytes.`,
      { image: hidePasswords(address) },
    )
  }
  const url = new URL(address, base)
  const name = showUrl(url)
  if (!['http:', 'https:', 'data:', 'blob:'].includes(url.protocol)) {
    throw new ImageError(
      'image_unsupported',
      `${name}: ${url.protocol} addresses are not fetched. Give an http(s), data or blob URL.`,
      {
        image: name,
      },
    )
  }
  return {
    name,
    reads: FETCHED_BYTES,
    read: async (options) => {
      const bytes = await fetchImage(url, options)
      return { source: { bytes }, transfer: [bytes.buffer] }
    },
  }
}

/** Bytes that an image is counted with before it is fetched: few are larger. */
const FETCHED_BYTES = 4 << 20

/** A File whose file has changed or is gone since it was chosen cannot be read. */
async function readBlob(blob: Blob): Promise<Uint8Array<ArrayBuffer>> {
  try {
    return new Uint8Array(await blob.arrayBuffer())
  } catch (cause) {
    throw new ImageError(
      'image_unreadable',
      `The browser does not hand out its bytes: ${(cause as Error).message}. Choose the file again.`,
      { cause },
    )
  }
}

/** The file that it shows, fetched anew (from the cache, as a rule), is exact; what it draws is the next best. */
function openElement(image: HTMLImageElement): OpenedInput {
  const address = image.currentSrc || image.src
  if (!address)
    throw new ImageError(
      'image_unsupported',
      'The <img> has no src. Wait until it has one, and has loaded it.',
      {},
    )
  return { ...openUrl(address), instead: openDrawable(image, address) }
}

function openDrawable(source: ImageBitmapSource, name: string | undefined): OpenedInput {
  return {
    name,
    reads: FETCHED_BYTES,
    read: async () => {
      try {
        const bitmap = await createImageBitmap(source, {
          premultiplyAlpha: 'none',
          colorSpaceConversion: 'none',
        })
        return { source: { bitmap }, transfer: [bitmap] }
      } catch (cause) {
        throw new ImageError(
          'image_unreadable',
          `The browser does not hand out its pixels: ${(cause as Error).message}. It must be loaded, neither empty nor closed, and ` +
            'of this origin or sent with CORS headers (crossorigin).',
          { cause },
        )
      }
    },
  }
}
