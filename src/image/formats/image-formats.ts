import { isAvif } from './avif/container/avif-brands.ts'
import { openAvif } from './avif/container/avif-container.ts'
import { decodeBmp, isBmp } from './bmp/bmp-decoder.ts'
import { bmpSize } from './bmp/bmp-header.ts'
import { decodeGif, gifSize, isGif } from './gif-decoder.ts'
import type { ImageFormat } from './image-format.ts'
import { isJpeg, jpegFrame } from './jpeg/headers/jpeg-markers.ts'
import { isPng, pngSize } from './png/png-chunks.ts'
import { decodePng } from './png/png-decoder.ts'
import { decodeTiff } from './tiff/tiff-decoder.ts'
import { isTiff, readTiffTags, tiffSize } from './tiff/tiff-tags.ts'
import { isWebp, webpSize } from './webp/webp-container.ts'
import { decodeWebp } from './webp/webp-frame.ts'

/** Every kind of file that is decoded here. To add one is to add it to this list. */
export const IMAGE_FORMATS: readonly ImageFormat[] = [
  { name: 'JPEG', is: isJpeg, size: jpegFrame, decode: (bytes, { jpeg }) => jpeg(bytes) },
  { name: 'PNG', is: isPng, size: pngSize, decode: (bytes, { inflate }) => decodePng(bytes, inflate) },
  { name: 'WebP', is: isWebp, size: webpSize, decode: (bytes, { webp }) => decodeWebp(bytes, webp) },
  { name: 'GIF', is: isGif, size: gifSize, decode: decodeGif },
  { name: 'BMP', is: isBmp, size: bmpSize, decode: decodeBmp },
  {
    name: 'TIFF',
    is: isTiff,
    size: (reader) => tiffSize(readTiffTags(reader)),
    decode: (bytes, { inflate }) => decodeTiff(bytes, inflate),
  },
  { name: 'AVIF', is: isAvif, size: openAvif, decode: (bytes, { avif }) => avif(bytes) },
]
