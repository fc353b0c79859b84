import type { JpegComponent, JpegPicture } from '../headers/jpeg-components.ts'
import type { JpegKernel, KernelRoom } from '../jpeg-engine.ts'
import type { BlockRows } from './block-rows.ts'
import { DC_ESTIMATE, FROM_DC_ALONE, WITH_SOME_AC } from './smooth-estimates.ts'

/**
 * What libjpeg-turbo 3 does for a progressive file whose scans have not brought its low coefficients in full (jdcoefct.c,
 * "interblock smoothing"): each of the first nine AC coefficients that is 0 and not known to its last bit is estimated from
 * the DC coefficients of the 5 × 5 blocks around. Where no AC coefficient has come at all, DC is smoothed, too.
 */

/** Whether that is done for a picture: only where it can be done for all components. */
export function needsSmoothing({ components, progressive }: JpegPicture): boolean {
  if (!progressive) return false
  const possible = components.every(
    ({ quant, bitsLeft }) =>
      quant && bitsLeft[0]! >= 0 && quant[0] !== 0 && PLACES.every((at) => quant[at] !== 0),
  )
  return possible && components.some(({ bitsLeft }) => bitsLeft.subarray(1, SAVED).some((bits) => bits !== 0))
}

/** What its neighbours are to a row of blocks, and what may be estimated. */
interface RowSpec {
  /** The DC coefficients of five rows, with two more on either side. */
  readonly dc: Int32Array
  readonly wide: number
  readonly dcStep: number
  /** No AC coefficient has come. */
  readonly alone: boolean
  /** Of the first nine, the most that each may be (below 0: it is left as it is) and its step. */
  readonly specs: Int32Array
}

/** Smooths rows of blocks of a component, which are there as they came, in place. Behind where the last scan broke off, what was known before it counts. */
export function rowSmoother(
  component: JpegComponent,
  picture: JpegPicture,
  scans: number,
  room: KernelRoom | undefined,
): (row: number, rows: BlockRows) => void {
  const { stride, blocksAcross, blocksDown, v, bitsLeft, quant } = component
  const { unitsDown, lastGoodRow, kernel } = picture
  const bitsBefore = scans === 1 ? new Int8Array(64).fill(-1) : component.bitsBefore
  /** As libjpeg counts the rows of blocks, which in the last row of units is not as they are. */
  const edgeOf = (row: number): { place: number; end: number } => {
    const unit = Math.floor(row / v)
    const rows = unit < unitsDown - 1 ? v : blocksDown % v || v
    return { place: unit * rows + (row - unit * v), end: rows * unitsDown }
  }
  const wide = blocksAcross + 4
  const dc = new Int32Array(5 * wide)
  const specOf = (bits: Int8Array): RowSpec => ({
    dc,
    wide,
    dcStep: quant![0]!,
    alone: bits.subarray(1, SAVED).every((left) => left === -1),
    specs: Int32Array.from(PLACES.flatMap((at, k) => [mostOf(bits[k + 1]!), quant![at]!])),
  })
  const [now, before] = [specOf(bitsLeft), specOf(bitsBefore)]
  const run = kernel && room ? inWasm(kernel, room, now) : smoothInJs
  return (row, rows) => {
    const { place, end } = edgeOf(row)
    const above = place > 0 ? row - 1 : row
    const below = place < end - 1 ? row + 1 : row
    const near = [place > 1 ? row - 2 : above, above, row, below, place < end - 2 ? row + 2 : below]
    for (const [i, from] of near.entries())
      takeDc(component.coefficients, from * stride * 8, blocksAcross, dc.subarray(i * wide, (i + 1) * wide))
    run(Math.floor(row / v) > lastGoodRow ? before : now, rows)
  }
}

/** A coefficient that has come to its last bit is left; one of which some have come does not reach the next. */
function mostOf(left: number): number {
  if (left === 0) return -1
  return left > 0 ? (1 << left) - 1 : 0x7fffffff
}

function inWasm(
  kernel: JpegKernel,
  room: KernelRoom,
  { dc, specs, wide }: RowSpec,
): (spec: RowSpec, rows: BlockRows) => void {
  const dcAt = room.take(dc.byteLength)
  const specsAt = room.take(specs.byteLength)
  return ({ dcStep, alone, specs }, { at }) => {
    new Int32Array(kernel.memory.buffer, dcAt, dc.length).set(dc)
    new Int32Array(kernel.memory.buffer, specsAt, specs.length).set(specs)
    kernel.smooth(at, wide - 4, dcAt, wide, specsAt, dcStep, alone)
  }
}

/** The same without WebAssembly. */
function smoothInJs({ dc, wide, dcStep, alone, specs }: RowSpec, { blocks }: BlockRows): void {
  const estimates = alone ? FROM_DC_ALONE : WITH_SOME_AC
  for (let at = 0, centre = 2 * wide + 2; at < (wide - 4) * 64; at += 64, centre++) {
    for (let k = 0; k < estimates.length; k++) {
      const to = at + PLACES[k]!
      const most = specs[2 * k]!
      if (most < 0 || blocks[to] !== 0) continue
      const { sum, turned } = estimates[k]!
      const size = inSteps(
        turned ? sum(dc, centre, 1, wide) : sum(dc, centre, wide, 1),
        dcStep,
        specs[2 * k + 1]!,
      )
      blocks[to] = Math.max(-most, Math.min(most, size))
    }
    if (alone) blocks[at] = inSteps(DC_ESTIMATE.sum(dc, centre, wide, 1), dcStep, dcStep)
  }
}

function takeDc(coefficients: Int16Array, from: number, count: number, to: Int32Array): void {
  for (let i = 0; i < count; i++) to[i + 2] = coefficients[from + i * 64]!
  to[0] = to[1] = to[2]!
  to[count + 2] = to[count + 3] = to[count + 1]!
}

/** How many coefficients it is about, DC included. */
const SAVED = 10

/** Where the first nine AC coefficients of the zigzag order stand in a block. */
const PLACES = [1, 8, 16, 9, 2, 3, 10, 17, 24]

/** A weighted sum in 256ths of the coefficient's own steps, rounded away from 0. */
function inSteps(sum: number, dcStep: number, step: number): number {
  const size = Math.floor((step * 128 + Math.abs(sum * dcStep)) / (step * 256))
  return sum < 0 ? -size : size
}
