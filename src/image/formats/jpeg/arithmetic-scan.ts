import { type ArithmeticState, decodeAc, decodeDc, refineAc } from './arithmetic-block.ts'
import { ArithmeticReader } from './arithmetic-reader.ts'
import type { Progression } from './decode-block.ts'
import { inverseDct, inverseDctFlat } from './inverse-dct.ts'
import { type JpegPicture, latchQuant } from './jpeg-components.ts'
import type { JpegTables } from './jpeg-tables.ts'
import type { ScanHeader } from './scan-header.ts'
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
  const decoders = scan.parts.map(({ component, dcTable, acTable }): DecodeBlock => {
    const quant = latchQuant(component, tables)
    const { plane, stride, coefficients } = component
    const state: ArithmeticState = {
      dc: dcStates[dcTable]!,
      ac: acStates[acTable]!,
      ...tables.arithmeticDc[dcTable]!,
      lowAc: tables.arithmeticAc[acTable]!,
      last: 0,
      context: 0,
    }
    states.push(state)
    if (!picture.progressive) {
      const block = new Int16Array(64)
      const whole = { from: 1, to: 63, shift: 0 }
      return (row, column) => {
        const to = (row * stride + column) * 8
        const dc = decodeDc(reader, state)
        if (reader.starved) return
        block[0] = dc
        if (decodeAc(reader, state, whole, block, 0)) {
          inverseDct(block, 0, quant, plane, to, stride)
          block.fill(0)
        } else inverseDctFlat(block[0], quant[0]!, plane, to, stride)
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
  return walkScan(reader, scan, picture, tables.restartInterval, decoders, forget)
}
