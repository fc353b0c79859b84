import { ImageError } from '../errors.ts'
import { avifSize } from './formats/avif-boxes.ts'
import { ByteReader } from './formats/byte-reader.ts'
import { gifSize } from './formats/gif-decoder.ts'
import { truncated, unsupported } from './image-errors.ts'
import { jpegFrame } from './formats/jpeg/jpeg-markers.ts'
import { readTiffTags, tiffSize } from './formats/tiff-tags.ts'

export type ImageFormat = 'jpeg' | 'png' | 'webp' | 'gif' | 'bmp' | 'tiff' | 'avif'

/** What a file's header says, read without decoding a pixel. */
export interface ImageHeader {
  readonly format: ImageFormat
  readonly width: number
  readonly height: number
}

/**
 * Tells a file's format and size from its first bytes.
 * Throws `ImageError`: `image_empty`, `image_unsupported` (naming what the bytes look like) or `image_truncated`.
 */
export function sniffImage(bytes: Uint8Array): ImageHeader {
  const format = sniffFormat(bytes)
  const reader = new ByteReader(bytes, () => truncated(FORMAT_NAMES[format], `it has only ${bytes.length} bytes`))
  return { format, ...SIZES[format](reader) }
}

/** As people write them. */
export const FORMAT_NAMES: Readonly<Record<ImageFormat, string>> = {
  jpeg: 'JPEG',
  png: 'PNG',
  webp: 'WebP',
  gif: 'GIF',
  bmp: 'BMP',
  tiff: 'TIFF',
  avif: 'AVIF',
}

/** Refuses a picture of no pixels or of more than `maxPixels`. Throws `ImageError` `image_zero_size`, `image_too_large`. */
export function checkSize(width: number, height: number, maxPixels: number): void {
  if (!(width > 0 && height > 0)) {
    throw new ImageError('image_zero_size', `The image is ${width}×${height} pixels: there is nothing to see in it.`, {
      width,
      height,
    })
  }
  // A limit that is not a number lets nothing through.
  if (!(width * height <= maxPixels)) {
    throw new ImageError(
      'image_too_large',
      `The image has ${width}×${height} pixels, more than the limit of ${maxPixels}. ` +
        'Scale it down, or raise maxPixels if it is trusted.',
      { width, height, maxPixels },
    )
  }
}

type Size = { readonly width: number; readonly height: number }

const SIZES: Readonly<Record<ImageFormat, (reader: ByteReader) => Size>> = {
  jpeg: (reader) => {
    const { width, height } = jpegFrame(reader)
    return { width, height }
  },
  png: (reader) => ({ width: reader.u32(16, false), height: reader.u32(20, false) }),
  webp: webpSize,
  gif: (reader) => gifSize(reader),
  bmp: bmpSize,
  tiff: (reader) => tiffSize(readTiffTags(reader)),
  avif: (reader) => avifSize(reader),
}

function webpSize(reader: ByteReader): Size {
  const kind = reader.text(12, 4)
  const u24 = (at: number): number => reader.u16(at, true) + reader.u8(at + 2) * 65536
  if (kind === 'VP8X') return { width: u24(24) + 1, height: u24(27) + 1 }
  if (kind === 'VP8L') {
    const bits = reader.u32(21, true)
    return { width: (bits & 0x3fff) + 1, height: ((bits >>> 14) & 0x3fff) + 1 }
  }
  return { width: reader.u16(26, true) & 0x3fff, height: reader.u16(28, true) & 0x3fff }
}

function bmpSize(reader: ByteReader): Size {
  if (reader.u32(14, true) === 12) return { width: reader.u16(18, true), height: reader.u16(20, true) }
  return { width: reader.u32(18, true), height: Math.abs(reader.i32(22, true)) }
}

function sniffFormat(bytes: Uint8Array): ImageFormat {
  if (bytes.length === 0) {
    throw new ImageError('image_empty', 'The image has no bytes. Check that the file was written and the download did not fail.')
  }
  const head = String.fromCharCode(...bytes.subarray(0, 1024))
  for (const [format, pattern] of FORMATS) if (pattern.test(head)) return format
  const what = STRANGERS.find(([pattern]) => pattern.test(head))
  const name = what?.[1] ?? 'A file of unknown kind'
  const remedy = what?.[2] ?? 'Give a JPEG, PNG, WebP, GIF, BMP, TIFF or AVIF file.'
  const error = unsupported(name.replace(/^An? /, ''), name, remedy)
  throw new ImageError(error.code, error.message, {
    ...error.details,
    firstBytes: [...bytes.subarray(0, 16)].map((byte) => byte.toString(16).padStart(2, '0')).join(' '),
  })
}

const FORMATS: readonly (readonly [ImageFormat, RegExp])[] = [
  ['jpeg', /^\xff\xd8\xff/],
  ['png', /^\x89PNG\r\n\x1a\n/],
  ['webp', /^RIFF[^]{4}WEBP/],
  ['gif', /^GIF8[79]a/],
  ['tiff', /^(II\x2a\x00|MM\x00\x2a|II\x2b\x00|MM\x00\x2b)/],
  ['avif', /^\x00\x00[^]{2}ftyp(avif|avis|(?:[^]{4})*?(avif|avis))/],
  ['bmp', /^BM[^]{12}[\x0c\x28\x34\x38\x40\x6c\x7c]\x00\x00\x00/],
]

const convert = 'Convert it to PNG or JPEG first.'
const fetched = 'The address or path leads to something else than the image: open it and see.'

/** What people hand over by mistake, or that Pillow may read and icthp does not. */
const STRANGERS: readonly (readonly [RegExp, string, string])[] = [
  [/^version https:\/\/git-lfs/, 'A git-lfs pointer', 'The file itself was not fetched: run `git lfs pull`.'],
  [
    /^(\xef\xbb\xbf)?\s*(<\?xml[^]*)?(<!--[^]*?-->\s*)*(<!DOCTYPE svg[^>]*>\s*)?<svg/i,
    'An SVG drawing',
    'Render it to PNG first.',
  ],
  [/^(\xef\xbb\xbf)?\s*(<!--[^]*?-->\s*)*<(!doctype html|html|head|body|meta|script)/i, 'An HTML page', fetched],
  [/^(\xef\xbb\xbf)?\s*<(\?xml|[A-Z]\w*>)/i, 'An XML document', fetched],
  [/^\s*[{[]\s*["{[\]}]/, 'A JSON document', fetched],
  [/^%PDF/, 'A PDF document', 'Render the page to PNG first.'],
  [/^[^]{4}ftyp[^]{0,60}?(hei[cxms]|hev[cx])/, 'A HEIC image', convert],
  [/^[^]{4}ftyp/, 'An MP4 or QuickTime file', 'Give an image; frames of a video must be taken out first.'],
  [/^\x1a\x45\xdf\xa3/, 'A WebM or Matroska video', 'Give an image; frames of a video must be taken out first.'],
  [/^(\xff\x0a|\x00\x00\x00\x0cJXL )/, 'A JPEG XL image', convert],
  [/^(\x00\x00\x00\x0cjP  |\xff\x4f\xff\x51)/, 'A JPEG 2000 image', convert],
  [/^8BPS/, 'A Photoshop document', convert],
  [/^\x00\x00[\x01\x02]\x00/, 'An icon or cursor', convert],
  [/^\x76\x2f\x31\x01/, 'An OpenEXR image', convert],
  [/^qoif/, 'A QOI image', convert],
  [/^P[1-7]\s/, 'A PNM image', convert],
  [/^#\?RADIANCE/, 'A Radiance HDR image', convert],
  [/^DDS /, 'A DDS texture', convert],
  [/^PK\x03\x04/, 'A zip archive', 'Unpack it first.'],
  [/^\x1f\x8b/, 'A gzip file', 'Unpack it first.'],
  [/^data:image\//, 'A data URL as bytes', 'Decode its base64 part first.'],
]
