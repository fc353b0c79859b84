import type { JpegPicture } from '../headers/jpeg-components.ts'
import type { ScanHeader } from '../headers/scan-header.ts'

/** Decodes the block of a component at the given row and column. */
export type DecodeBlock = (row: number, column: number) => void

/** Told that units `from` to `to` of row `y` have been decoded, and are to be made pixels of. */
export type UnitsDone = (y: number, from: number, to: number) => void

/** Decodes up to `count` units from column `x` on, as far as no marker is near. Returns how many. */
export type DecodeUnits = (x: number, count: number) => number

/** The entropy coder of a scan, at a restart or at the end of a unit. */
export interface ScanReader {
  /** Units are left as they are. */
  readonly starved: boolean
  /** It came to a marker before its end. */
  readonly dry: boolean
  readonly at: number
  readonly marker: number
  restart(expected: number): void
  endUnit(): void
}

/**
 * Goes through a scan unit by unit, a block each, or a block or more of every component where several are interleaved.
 * Returns where the marker behind it is to be looked for.
 */
export function walkScan(
  reader: ScanReader,
  { parts }: ScanHeader,
  picture: JpegPicture,
  interval: number,
  decoders: readonly DecodeBlock[],
  forget: () => void,
  done?: UnitsDone,
  fast?: DecodeUnits,
): number {
  let toGo = interval
  let expected = 0
  const { unitsAcross, unitsDown } = picture
  const [only, ...others] = parts
  const alone = others.length === 0
  const across = alone ? only!.component.blocksAcross : unitsAcross
  const down = alone ? only!.component.blocksDown : unitsDown
  const decodeUnit = alone ? decoders[0]! : interleaved(parts, decoders)
  let lastGood = 0
  rows: for (let y = 0; y < down; y++) {
    let from = 0
    for (let x = 0; x < across; x++) {
      if (!reader.dry) lastGood = y
      if (interval > 0 && toGo-- === 0) {
        reader.restart(expected)
        forget()
        expected = (expected + 1) & 7
        toGo = interval - 1
      }
      if (fast && !reader.starved) {
        // As many as there are before the row ends, or the interval.
        const most = across - x
        const units = fast(x, interval > 0 ? Math.min(most, toGo + 1) : most)
        if (units > 0) {
          x += units - 1
          toGo -= units - 1
          continue
        }
      }
      if (!reader.starved) {
        decodeUnit(y, x)
        reader.endUnit()
        continue
      }
      // Units that lack stay as they are.
      if (x > from) done?.(y, from, x)
      from = x + 1
      // Without restart markers nothing comes any more.
      if (interval === 0) break rows
    }
    if (across > from) done?.(y, from, across)
    picture.rowsDone = y + 1
  }
  picture.lastGoodRow = alone ? Math.floor(lastGood / only!.component.v) : lastGood
  return behind(reader)
}

/** Decodes the blocks of a unit, of one component after the other. */
function interleaved(parts: ScanHeader['parts'], decoders: readonly DecodeBlock[]): DecodeBlock {
  return (y, x) => {
    for (let i = 0; i < parts.length; i++) {
      const { h, v } = parts[i]!.component
      const decode = decoders[i]!
      for (let row = 0; row < v; row++)
        for (let column = 0; column < h; column++) decode(y * v + row, x * h + column)
    }
  }
}

/** A marker that was met is read again by whoever comes next. */
export const behind = ({ at, marker }: Pick<ScanReader, 'at' | 'marker'>): number =>
  marker === 0 ? at : at - 2
