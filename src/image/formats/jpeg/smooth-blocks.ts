import type { JpegComponent, JpegPicture } from './jpeg-components.ts'

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

/** Copies the block at `from` into `block`, smoothed. */
export type SmoothBlock = (row: number, column: number, from: number, block: Int16Array) => void

/** Smooths the blocks of a component. Behind where the last scan broke off, what was known before it counts. */
export function blockSmoother(component: JpegComponent, picture: JpegPicture, scans: number): SmoothBlock {
  const { coefficients, stride, blocksAcross, blocksDown, v, bitsLeft } = component
  const bitsBefore = scans === 1 ? new Int8Array(64).fill(-1) : component.bitsBefore
  const quant = component.quant!
  const { unitsDown, lastGoodRow } = picture
  const onlyDc = [bitsLeft, bitsBefore].map((bits) => bits.subarray(1, SAVED).every((left) => left === -1))
  const window = new Int32Array(25)
  /** As libjpeg counts the rows of blocks, which in the last row of units is not as they are. */
  const edgeOf = (row: number): { place: number; end: number } => {
    const unit = Math.floor(row / v)
    const rows = unit < unitsDown - 1 ? v : blocksDown % v || v
    return { place: unit * rows + (row - unit * v), end: rows * unitsDown }
  }
  return (row, column, from, block) => {
    block.set(coefficients.subarray(from, from + 64))
    const late = Math.floor(row / v) > lastGoodRow
    const bits = late ? bitsBefore : bitsLeft
    const withDc = onlyDc[late ? 1 : 0]!
    const { place, end } = edgeOf(row)
    const above = place > 0 ? row - 1 : row
    const below = place < end - 1 ? row + 1 : row
    const rows = [place > 1 ? row - 2 : above, above, row, below, place < end - 2 ? row + 2 : below]
    for (let i = 0, y = 0; y < 5; y++) {
      for (let x = column - 2; x <= column + 2; x++) {
        const inside = Math.max(0, Math.min(x, blocksAcross - 1))
        window[i++] = coefficients[rows[y]! * stride * 8 + inside * 64]!
      }
    }
    const estimates = withDc ? FROM_DC_ALONE : WITH_SOME_AC
    for (let k = 1; k <= estimates.length; k++) {
      const at = PLACES[k - 1]!
      const left = bits[k]!
      if (left === 0 || block[at] !== 0) continue
      const size = estimate(estimates[k - 1]!, window, quant[0]!, quant[at]!)
      const most = left > 0 ? (1 << left) - 1 : Infinity
      block[at] = Math.max(-most, Math.min(most, size))
    }
    if (withDc) block[0] = estimate(DC_KERNEL, window, quant[0]!, quant[0]!)
  }
}

/** How many coefficients it is about, DC included. */
const SAVED = 10

/** Where the first nine AC coefficients of the zigzag order stand in a block. */
const PLACES = [1, 8, 16, 9, 2, 3, 10, 17, 24]

/** The weighted sum of the window, in 256ths of the coefficient's own steps, rounded away from 0. */
function estimate(kernel: readonly number[], window: Int32Array, dcStep: number, step: number): number {
  let sum = 0
  for (let i = 0; i < 25; i++) sum += kernel[i]! * window[i]!
  sum *= dcStep
  const size = Math.floor((step * 128 + Math.abs(sum)) / (step * 256))
  return sum < 0 ? -size : size
}

const turn = (kernel: readonly number[]): number[] =>
  kernel.map((_, i) => kernel[(i % 5) * 5 + Math.floor(i / 5)]!)

// prettier-ignore
const ALL = {
  across: [
    -1, -1, 0, 1, 1,
    -3, 13, 0, -13, 3,
    -3, 38, 0, -38, 3,
    -3, 13, 0, -13, 3,
    -1, -1, 0, 1, 1,
  ],
  across2: [
    0, 0, 0, 0, 0,
    0, 2, -5, 2, 0,
    1, 7, -14, 7, 1,
    0, 2, -5, 2, 0,
    0, 0, 0, 0, 0,
  ],
  across3: [
    0, 0, 0, 0, 0,
    0, 1, 0, -1, 0,
    0, 2, 0, -2, 0,
    0, 1, 0, -1, 0,
    0, 0, 0, 0, 0,
  ],
  both: [
    -1, 0, 0, 0, 1,
    0, 9, 0, -9, 0,
    0, 0, 0, 0, 0,
    0, -9, 0, 9, 0,
    1, 0, 0, 0, -1,
  ],
  across2down: [
    0, 0, 0, 0, 0,
    0, 1, -3, 1, 0,
    0, 0, 0, 0, 0,
    0, -1, 3, -1, 0,
    0, 0, 0, 0, 0,
  ],
  down2across: [
    0, 0, 0, 0, 0,
    0, 1, 0, -1, 0,
    0, -3, 0, 3, 0,
    0, 1, 0, -1, 0,
    0, 0, 0, 0, 0,
  ],
  down3: [
    0, 0, 0, 0, 0,
    0, 1, 2, 1, 0,
    0, 0, 0, 0, 0,
    0, -1, -2, -1, 0,
    0, 0, 0, 0, 0,
  ],
}

// prettier-ignore
const DC_KERNEL = [
  -2, -6, -8, -6, -2,
  -6, 6, 42, 6, -6,
  -8, 42, 152, 42, -8,
  -6, 6, 42, 6, -6,
  -2, -6, -8, -6, -2,
]

// prettier-ignore
const SOME = {
  across: [
    0, 0, 0, 0, 0,
    0, 0, 0, 0, 0,
    -7, 50, 0, -50, 7,
    0, 0, 0, 0, 0,
    0, 0, 0, 0, 0,
  ],
  across2: [
    0, 0, 0, 0, 0,
    0, 0, 0, 0, 0,
    -1, 13, -24, 13, -1,
    0, 0, 0, 0, 0,
    0, 0, 0, 0, 0,
  ],
  both: [
    0, -1, 0, 1, 0,
    -1, 10, 0, -10, 1,
    0, 0, 0, 0, 0,
    1, -10, 0, 10, -1,
    0, 1, 0, -1, 0,
  ],
}

/** By place, in the order of {@link PLACES}. */
const FROM_DC_ALONE = [
  ALL.across,
  turn(ALL.across),
  turn(ALL.across2),
  ALL.both,
  ALL.across2,
  ALL.across3,
  ALL.across2down,
  ALL.down2across,
  ALL.down3,
]

const WITH_SOME_AC = [SOME.across, turn(SOME.across), turn(SOME.across2), SOME.both, SOME.across2]
