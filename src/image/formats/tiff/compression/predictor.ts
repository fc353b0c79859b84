import { unreadable } from '../../../image-errors.ts'
import type { Libtiff } from '../libtiff/libtiff-directory.ts'

/**
 * Undoes differences between neighbours (`tif_predict.c`): 2 of samples, 3 of the bytes of floats. The result has the low byte
 * of a sample first. False where lines and samples do not fit; `undefined` where nothing is to be undone.
 */
export function makeUndo(tif: Libtiff, rowBytes: number): ((data: Uint8Array) => boolean) | undefined {
  const { predictor, bits, sampleFormat, planar, samples, littleEndian } = tif
  if (predictor === 1) return undefined
  const known =
    predictor === 2
      ? [8, 16, 32].includes(bits)
      : predictor === 3 && sampleFormat === 3 && [16, 24, 32, 64].includes(bits)
  if (!known) throw unreadable('TIFF', `predictor ${predictor} does not fit samples of ${bits} bits`)
  const bytes = bits / 8
  const step = (planar ? 1 : samples) * bytes
  const undo = predictor === 3 ? undoFloats : UNDO[bits]!
  return (data) => {
    if (data.length % rowBytes !== 0 || rowBytes % step !== 0) return false
    for (let row = 0; row < data.length; row += rowBytes) {
      undo(data.subarray(row, row + rowBytes), step, littleEndian, bytes)
    }
    return true
  }
}

type Undo = (row: Uint8Array, step: number, littleEndian: boolean, bytes: number) => void

const UNDO: Readonly<Record<number, Undo>> = {
  8: (row, step) => {
    for (let i = step; i < row.length; i++) row[i]! += row[i - step]!
  },
  16: (row, step, littleEndian) => {
    const view = new DataView(row.buffer, row.byteOffset, row.length)
    for (let i = 0; i < row.length; i += 2) {
      const before = i < step ? 0 : view.getUint16(i - step, true)
      view.setUint16(i, view.getUint16(i, littleEndian) + before, true)
    }
  },
  32: (row, step, littleEndian) => {
    const view = new DataView(row.buffer, row.byteOffset, row.length)
    for (let i = 0; i < row.length; i += 4) {
      const before = i < step ? 0 : view.getUint32(i - step, true)
      view.setUint32(i, view.getUint32(i, littleEndian) + before, true)
    }
  },
}

/** High bytes of all samples come first, then the next ones; `step` is in bytes, differences are between samples. */
const undoFloats: Undo = (row, step, _littleEndian, bytes) => {
  const stride = step / bytes
  for (let i = stride; i < row.length; i++) row[i]! += row[i - stride]!
  const planes = row.slice()
  const count = row.length / bytes
  for (let i = 0; i < count; i++) {
    for (let byte = 0; byte < bytes; byte++) row[i * bytes + byte] = planes[(bytes - byte - 1) * count + i]!
  }
}
