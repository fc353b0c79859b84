import { unreadable } from '../../../image-errors.ts'
import type { CheckFrame } from '../../jpeg/headers/jpeg-components.ts'
import { JpegTables } from '../../jpeg/headers/jpeg-tables.ts'
import { decodeJpegStrip, readJpegTables } from '../../jpeg/jpeg-decoder.ts'
import type { Libtiff } from '../libtiff/libtiff-directory.ts'
import { notRead } from '../pillow-setup.ts'
import type { Codec } from './codec.ts'

/**
 * Undoes JPEG compression as libtiff does: each strip or tile is a JPEG picture of its own, its tables may stand in a tag.
 * What its numbers mean the TIFF says, not the JPEG's own markers. Of YCbCr the chroma may be sampled, of nothing else.
 */
export function jpegCodec(tif: Libtiff, rowBytes: number): Codec['unpack'] {
  if (tif.bits === 12) throw notRead('JPEG of 12 bits')
  if (tif.bits !== 8) throw unreadable('TIFF', `it has JPEG of ${tif.bits} bits`)
  const samples = tif.planar ? 1 : tif.samples
  const colour = tif.photometric === 6 && !tif.planar ? 'ycc' : 'stored'
  const [across, down] = colour === 'ycc' ? tif.subsampling : [1, 1]
  let tables: JpegTables | undefined
  return (packed, out, { rows, last }) => {
    const check: CheckFrame = (width, height, components) => {
      // A last strip may be as high as the others.
      if (components !== samples || width * components !== rowBytes || (height > rows && !last)) {
        throw unreadable('TIFF', `a strip or tile has ${width}×${height} pixels of ${components} samples`)
      }
    }
    if (packed[0] !== 0xff || packed[1] !== 0xd8) throw unreadable('TIFF', 'a strip or tile is no JPEG')
    const sampling = jpegSampling(packed, samples)
    if (sampling && (sampling[0] !== across || sampling[1] !== down)) {
      throw unreadable('TIFF', `a strip or tile has chroma sampled ${sampling.join('×')}`)
    }
    tables ??= tif.jpegTables ? readJpegTables(tif.jpegTables) : new JpegTables()
    const data = decodeJpegStrip(packed, tables, colour, check)
    out.set(data.length > out.length ? data.subarray(0, out.length) : data)
    return data.length >= out.length
  }
}

/**
 * How the first component of a JPEG is sampled, the others being sampled once (`JPEGFixupTagsSubsampling`): across and down.
 * `undefined` where the frame header is not found, or is not like that.
 */
export function jpegSampling(data: Uint8Array, components: number): readonly [number, number] | undefined {
  for (let at = 0; at < data.length;) {
    while (at < data.length && data[at] !== 0xff) at++
    while (data[at] === 0xff) at++
    const marker = data[at++]
    if (marker === 0xd8) continue
    const length = ((data[at] ?? 0) << 8) | (data[at + 1] ?? 0)
    if (marker !== undefined && FRAMES.includes(marker)) {
      if (length !== 8 + components * 3) return undefined
      const first = data[at + 9] ?? 0
      for (let i = 1; i < components; i++) if (data[at + 9 + i * 3] !== 0x11) return undefined
      return [first >> 4, first & 15]
    }
    if (length < 2) return undefined
    at += length
  }
  return undefined
}

const FRAMES = [0xc0, 0xc1, 0xc2, 0xc9, 0xca]
