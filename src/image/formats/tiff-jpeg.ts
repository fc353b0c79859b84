import type { Inflate } from '../codecs/image-codecs.ts'
import { unreadable } from '../image-errors.ts'
import type { CheckFrame } from './jpeg/jpeg-components.ts'
import { decodeJpegStrip, readJpegTables } from './jpeg/jpeg-decoder.ts'
import { JpegTables } from './jpeg/jpeg-tables.ts'
import type { TiffLayout } from './tiff-decoder.ts'
import { TAG, type TiffTags } from './tiff-tags.ts'

/**
 * Undoes JPEG compression as libtiff does: each strip or tile is a JPEG picture of its own, its tables may stand in a tag.
 * What its numbers mean the TIFF says, not the JPEG's own markers.
 */
export function jpegUnpacker(tags: TiffTags, { together, height }: TiffLayout, rowBytes: number): Inflate {
  const shared = tags.get(TAG.jpegTables)
  const colour = tags.get(TAG.photometric)?.[0] === 6 ? 'ycc' : 'stored'
  const most = Math.max(height, tags.get(TAG.tileHeight)?.[0] ?? 0)
  const check: CheckFrame = (across, down, components) => {
    if (components !== together || across * components !== rowBytes || down > most) {
      throw unreadable('TIFF', `a strip or tile has ${across}×${down} pixels of ${components} samples`)
    }
  }
  let tables: JpegTables | undefined
  return (packed, size) => {
    tables ??= shared ? readJpegTables(Uint8Array.from(shared)) : new JpegTables()
    const data = decodeJpegStrip(packed, tables, colour, check)
    // That there are fewer rows than there should be the caller notices.
    return data.length > size ? data.subarray(0, size) : data
  }
}
