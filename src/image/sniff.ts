import { ImageError } from '../base/errors.ts'
import { openAvif } from './formats/avif-container.ts'
import { ByteReader } from './formats/byte-reader.ts'
import { gifSize } from './formats/gif-decoder.ts'
import { jpegFrame } from './formats/jpeg/jpeg-markers.ts'
import { readTiffTags, tiffSize } from './formats/tiff-tags.ts'
import { truncated, unsupported } from './image-errors.ts'
import { brands, nameStranger } from './strangers.ts'

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
  const reader = new ByteReader(bytes, () =>
    truncated(FORMAT_NAMES[format], `it has only ${bytes.length} bytes`),
  )
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
    throw new ImageError(
      'image_zero_size',
      `The image is ${width}×${height} pixels: there is nothing to see in it.`,
      {
        width,
        height,
      },
    )
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
  avif: (reader) => {
    const { width, height } = openAvif(reader)
    return { width, height }
  },
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
    throw new ImageError(
      'image_empty',
      'The image has no bytes. Check that the file was written and the download did not fail.',
    )
  }
  const head = String.fromCharCode(...bytes.subarray(0, 1024))
  const format = FORMATS.find(([, is]) => is(head))?.[0]
  if (format) return format
  const [name, remedy] = nameStranger(head) ?? [
    'A file of unknown kind',
    'Give a JPEG, PNG, WebP, GIF, BMP, TIFF or AVIF file.',
  ]
  const error = unsupported(name.replace(/^An? /, ''), name, remedy)
  throw new ImageError(error.code, error.message, {
    ...error.details,
    firstBytes: [...bytes.subarray(0, 16)].map((byte) => byte.toString(16).padStart(2, '0')).join(' '),
  })
}

const startsWith =
  (...starts: string[]) =>
  (head: string): boolean =>
    starts.some((start) => head.startsWith(start))

const FORMATS: readonly (readonly [ImageFormat, (head: string) => boolean])[] = [
  ['jpeg', startsWith('\xff\xd8\xff')],
  ['png', startsWith('\x89PNG\r\n\x1a\n')],
  ['webp', (head) => head.startsWith('RIFF') && head.startsWith('WEBP', 8)],
  ['gif', startsWith('GIF87a', 'GIF89a')],
  ['tiff', startsWith('II\x2a\0', 'MM\0\x2a', 'II\x2b\0', 'MM\0\x2b')],
  ['avif', isAvif],
  [
    'bmp',
    (head) =>
      head.startsWith('BM') &&
      '\x0c\x28\x34\x38\x40\x6c\x7c'.includes(head.charAt(14)) &&
      head.startsWith('\0\0\0', 15) &&
      head.length > 17,
  ],
]

/** Pillow asks for one of these as major brand, libavif for one of the first two as any. */
function isAvif(head: string): boolean {
  const [major, ...others] = brands(head)
  const own = /^avi[fs]$/
  return (
    major !== undefined &&
    /^(avi[fs]|mif1|msf1)$/.test(major) &&
    [major, ...others].some((brand) => own.test(brand))
  )
}
