import { unreadable } from '../../../image-errors.ts'
import { COMPRESSION } from '../pillow-setup.ts'
import type { Libtiff } from './libtiff-directory.ts'

/** Bytes of lines, strips and tiles as libtiff counts them (`tif_strip.c`, `tif_tile.c`). */
export interface LibtiffSizes {
  /** Of a line of a strip; where chroma lies in blocks, its share of the block's lines. */
  readonly line: number
  readonly tileLine: number
  /** Of a strip or tile of so many lines. */
  readonly part: (rows: number) => number
}

/** YCbCr that is packed in blocks: some luma, then one Cb and one Cr. JPEG brings its own blocks. */
export const isBlocked = ({ planar, photometric, samples, compression }: Libtiff): boolean =>
  !planar && photometric === 6 && samples === 3 && compression !== COMPRESSION.jpeg

export function libtiffSizes(tif: Libtiff): LibtiffSizes {
  const { width, tileWidth, tiled, bits, subsampling } = tif
  const [across, down] = subsampling
  const samples = tif.planar ? 1 : tif.samples
  const plain = (pixels: number): number => Math.ceil((pixels * samples * bits) / 8)
  if (!isBlocked(tif)) {
    const row = plain(tiled ? tileWidth : width)
    return { line: plain(width), tileLine: plain(tileWidth), part: (rows) => rows * row }
  }
  if (![1, 2, 4].includes(across) || ![1, 2, 4].includes(down)) {
    throw unreadable('TIFF', `its chroma is sampled ${across}×${down}`)
  }
  const blockRow = (pixels: number): number =>
    Math.ceil((Math.ceil(pixels / across) * (across * down + 2) * bits) / 8)
  const row = blockRow(tiled ? tileWidth : width)
  return {
    line: Math.floor(blockRow(width) / down),
    tileLine: plain(tileWidth),
    part: (rows) => Math.ceil(rows / down) * row,
  }
}
