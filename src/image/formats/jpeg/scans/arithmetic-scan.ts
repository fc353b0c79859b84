import { type JpegPicture, latchQuant } from '../headers/jpeg-components.ts'
import type { JpegTables } from '../headers/jpeg-tables.ts'
import type { ScanHeader } from '../headers/scan-header.ts'
import { unitRows } from '../pixels/block-rows.ts'
import { type ArithmeticState, decodeAc, decodeDc, refineAc } from './arithmetic-block.ts'
import { ArithmeticReader } from './arithmetic-reader.ts'
import type { Progression } from './decode-progressive.ts'
import { type DecodeBlock, walkScan } from './walk-scan.ts'

/** Decodes an arithmetically coded scan, whose data starts at `at`, into the planes or coefficients of its components. */
export function readArithmeticScan(
  bytes: Uint8Array,
  at: number,
  scan: ScanHeader,
  picture: JpegPicture,
  tables: JpegTables,
): number {
  const reader = new ArithmeticReader(bytes, at)
  const band: Progression = { from: scan.from, to: scan.to, shift: scan.shift, endOfBand: 0 }
  const dcStates = Array.from({ length: 16 }, () => new Uint8Array(64))
  const acStates = Array.from({ length: 16 }, () => new Uint8Array(256))
  const states: ArithmeticState[] = []
  for (const { component } of scan.parts) latchQuant(component, tables)
  const units = picture.progressive ? undefined : unitRows(scan, picture.kernel)
  const decoders = scan.parts.map(({ component, dcTable, acTable }, i): DecodeBlock => {
    const { stride, coefficients } = component
    const state: ArithmeticState = {
      dc: dcStates[dcTable]!,
      ac: acStates[acTable]!,
      ...tables.arithmeticDc[dcTable]!,
      lowAc: tables.arithmeticAc[acTable]!,
      last: 0,
      context: 0,
    }
    states.push(state)
    if (units) {
      const { blocks, place } = units.parts[i]!
      const whole = { from: 1, to: 63, shift: 0 }
      return (row, column) => {
        const dc = decodeDc(reader, state)
        if (reader.starved) return
        const at = place(row, column)
        blocks[at] = dc
        decodeAc(reader, state, whole, blocks, at)
      }
    }
    const where = (row: number, column: number): number => row * stride * 8 + column * 64
    if (scan.from > 0) {
      const decode = scan.shiftBefore === 0 ? decodeAc : refineAc
      return (row, column) => void decode(reader, state, band, coefficients, where(row, column))
    }
    if (scan.shiftBefore > 0) {
      return (row, column) => {
        if (reader.bit()) coefficients[where(row, column)]! |= 1 << scan.shift
      }
    }
    return (row, column) => {
      const dc = decodeDc(reader, state)
      if (!reader.starved) coefficients[where(row, column)] = dc << scan.shift
    }
  })
  const forget = (): void => {
    for (const learned of [...dcStates, ...acStates]) learned.fill(0)
    for (const state of states) state.last = state.context = 0
  }
  return walkScan(reader, scan, picture, tables.restartInterval, decoders, forget, units?.done)
}
