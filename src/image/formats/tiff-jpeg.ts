import { unreadable } from '../image-errors.ts'
import type { CheckFrame } from './jpeg/jpeg-components.ts'
import { decodeJpegStrip, readJpegTables } from './jpeg/jpeg-decoder.ts'
import { JpegTables } from './jpeg/jpeg-tables.ts'
import type { Codec } from './tiff/codecs.ts'
import type { Libtiff } from './tiff/libtiff-directory.ts'
import { notRead } from './tiff/pillow-setup.ts'

/**
 * Undoes JPEG compression as libtiff does: each strip or tile is a JPEG picture of its own, its tables may stand in a tag.
 * What its numbers mean the TIFF says, not the JPEG's own markers.
 */
export function jpegCodec(tif: Libtiff, rowBytes: number): Codec['unpack'] {
  if (tif.bits === 12) throw notRead('JPEG of 12 bits')
  if (tif.bits !== 8) throw unreadable('TIFF', `it has JPEG of ${tif.bits} bits`)
  const samples = tif.planar ? 1 : tif.samples
  const colour = tif.photometric === 6 && !tif.planar ? 'ycc' : 'stored'
  let tables: JpegTables | undefined
  return (packed, out, { rows, last }) => {
    const check: CheckFrame = (across, down, components) => {
      // A last strip may be as high as the others.
      if (components !== samples || across * components !== rowBytes || (down > rows && !last)) {
        throw unreadable('TIFF', `a strip or tile has ${across}×${down} pixels of ${components} samples`)
      }
    }
    tables ??= tif.jpegTables ? readJpegTables(tif.jpegTables) : new JpegTables()
    const data = decodeJpegStrip(packed, tables, colour, check)
    out.set(data.length > out.length ? data.subarray(0, out.length) : data)
    return data.length >= out.length
  }
}
