import { ImageError } from '../../../../base/errors.ts'
import { truncated, unreadable } from '../../../image-errors.ts'
import { ByteReader } from '../../byte-reader.ts'
import { type JpegPicture, readPicture } from '../headers/jpeg-components.ts'
import { isFrame } from '../headers/jpeg-markers.ts'
import { JpegTables } from '../headers/jpeg-tables.ts'
import { readScanHeader } from '../headers/scan-header.ts'
import { jpegKernel } from '../jpeg-engine.ts'
import { readHuffmanScan } from '../scans/huffman-scan.ts'

/** The samples of a picture as they are stored, components by themselves, and how many of its rows are whole. */
export interface JpegPlanes {
  readonly picture: JpegPicture
  readonly rows: number
}

/**
 * Decodes a stream of tables, one frame and one scan with all components, as libtiff puts it together for old-style JPEG: a
 * restart marker that is not the expected one ends it, and so does the end of the data. Throws `ImageError` where nothing can
 * be decoded.
 */
export function decodeJpegPlanes(bytes: Uint8Array): JpegPlanes {
  const reader = new ByteReader(bytes, () => truncated('JPEG', 'it ends within a segment'))
  const tables = new JpegTables()
  let picture: JpegPicture | undefined
  for (let at = 2; ; at += 2 + reader.u16(at + 2, false)) {
    const marker = reader.u8(at + 1)
    const end = at + 2 + reader.u16(at + 2, false)
    if (marker === 0xc3) throw unreadable('JPEG', 'it is lossless, without a predictor')
    if (isFrame(marker)) picture = readPicture(reader, at + 4, end, marker, jpegKernel())
    else if (marker !== 0xda) tables.read(reader, marker, at + 4, end)
    else return readPlanes(reader, at + 4, end, picture!, tables)
  }
}

function readPlanes(
  reader: ByteReader,
  at: number,
  end: number,
  picture: JpegPicture,
  tables: JpegTables,
): JpegPlanes {
  const scan = readScanHeader(reader, at, end, picture, true)
  picture.resyncs = false
  try {
    readHuffmanScan(reader.bytes, end, scan, picture, tables)
  } catch (error) {
    if (!(error instanceof ImageError && error.code === 'image_truncated')) throw error
    return { picture, rows: picture.rowsDone * picture.maxV * 8 }
  }
  return { picture, rows: picture.height }
}
