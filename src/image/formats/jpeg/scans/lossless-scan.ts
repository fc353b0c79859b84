import { unreadable } from '../../../image-errors.ts'
import type { HuffmanTable } from '../headers/huffman-table.ts'
import type { JpegComponent, JpegPicture } from '../headers/jpeg-components.ts'
import type { JpegTables } from '../headers/jpeg-tables.ts'
import type { ScanHeader } from '../headers/scan-header.ts'
import { BitReader } from './bit-reader.ts'
import { EdgeReader, endsOpen } from './edge-reader.ts'
import { behind } from './walk-scan.ts'

/**
 * Decodes a scan of the lossless process (SOF3; ITU-T T.81, annex H) into the planes of its components: each sample is coded as
 * its difference from what its neighbours let expect. The order of things, and what becomes of damage, is that of libjpeg-turbo
 * (jddiffct.c, jdlhuff.c, jdlossls.c).
 */
export function readLosslessScan(
  bytes: Uint8Array,
  at: number,
  scan: ScanHeader,
  picture: JpegPicture,
  tables: JpegTables,
): number {
  const { from: predictor, to, shiftBefore, shift } = scan
  if (predictor < 1 || predictor > 7 || to !== 0 || shiftBefore !== 0 || shift > 7)
    throw unreadable('JPEG', 'its scans do not add up')
  const [only, ...others] = scan.parts
  const alone = others.length === 0
  const across = alone ? only!.component.blocksAcross : picture.unitsAcross
  const interval = tables.restartInterval
  if (interval % across !== 0) throw unreadable('JPEG', 'its restart markers stand within rows')
  const whole = scan.parts.length === picture.components.length
  const reader = whole && endsOpen(bytes, at) ? new EdgeReader(bytes, at) : new BitReader(bytes, at)
  const parts = scan.parts.map(({ component, dcTable }) => {
    const table = tables.huffman('dc', dcTable, 16)
    if (!table) throw unreadable('JPEG', 'it has no Huffman table for a scan')
    const { h, v, stride } = component
    component.bitsLeft.fill(0)
    const differences = new Int32Array(stride * v)
    return { component, table, columns: alone ? 1 : h, rows: v, differences, above: new Int32Array(stride) }
  })
  let toGo = interval / across
  let expected = 0
  // No row is above the first, nor above the first behind a restart.
  let first = true
  const pass = (row: number): void => {
    if (interval > 0 && toGo-- === 0) {
      reader.restart(expected)
      expected = (expected + 1) & 7
      toGo = interval / across - 1
      first = true
    }
    if (reader.starved) first = true
    for (let x = 0; x < across; x++) {
      for (const { component, table, columns, rows, differences } of parts) {
        for (let y = alone ? row : 0; y < (alone ? row + 1 : rows); y++) {
          for (let i = 0; i < columns; i++)
            differences[y * component.stride + x * columns + i] = reader.starved
              ? 0
              : difference(reader, table)
        }
      }
    }
    if (!reader.starved) reader.endUnit()
  }
  for (let unit = 0; unit < picture.unitsDown; unit++) {
    const left = only!.component.height - unit * only!.component.v
    for (let row = 0; row < (alone ? Math.min(only!.component.v, left) : 1); row++) pass(row)
    for (const part of parts) part.above = addUp(part, unit, first, predictor, shift)
    first = false
  }
  return behind(reader)
}

function difference(reader: BitReader, table: HuffmanTable): number {
  const size = reader.symbol(table)
  if (size === 16) return 32768
  return size === 0 ? 0 : reader.signed(size)
}

interface Part {
  readonly component: JpegComponent
  /** Of a unit, in rows as long as those of the component. */
  readonly differences: Int32Array
  /** The last row of the unit above, before it is scaled. */
  readonly above: Int32Array
}

/** Makes samples of the rows of a unit. Returns the last row. */
function addUp(
  part: Part,
  unit: number,
  first: boolean,
  predictor: number,
  shift: number,
): Int32Array<ArrayBuffer> {
  const { stride, v, width, height, plane } = part.component
  const { differences } = part
  let above = new Int32Array(part.above)
  for (let row = 0; row < v && unit * v + row < height; row++) {
    const from = row * stride
    const here = new Int32Array(stride)
    const top = first && row === 0
    const usual = top ? 1 : predictor
    let [left, aboveLeft] = [0, 0]
    for (let x = 0; x < width; x++) {
      const up = above[x]!
      let guess: number
      if (x === 0) guess = top ? 1 << (7 - shift) : up
      else guess = predict(usual, left, up, aboveLeft)
      left = here[x] = (differences[from + x]! + guess) & 0xffff
      aboveLeft = up
      plane[(unit * v + row) * stride + x] = (left << shift) & 255
    }
    above = here
  }
  return above
}

/** What a sample is expected to be, by those to its left, above it, and above to the left. */
function predict(predictor: number, a: number, b: number, c: number): number {
  switch (predictor) {
    case 1:
      return a
    case 2:
      return b
    case 3:
      return c
    case 4:
      return a + b - c
    case 5:
      return a + ((b - c) >> 1)
    case 6:
      return b + ((a - c) >> 1)
    default:
      return (a + b) >> 1
  }
}
