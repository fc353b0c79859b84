/**
 * How libjpeg-turbo 3 (jdcoefct.c) weighs the DC coefficients of the 5 × 5 blocks around one: `at` is its place among them, `v`
 * and `h` are the steps to the block below and to the right. A kernel is turned by changing these two.
 */
type Sum = (dc: Int32Array, at: number, v: number, h: number) => number

export interface Estimate {
  readonly sum: Sum
  readonly turned: boolean
}

/** Right minus left, `far` blocks away. */
const slope = (dc: Int32Array, at: number, far: number): number => dc[at + far]! - dc[at - far]!

/**
 * -1  -1  0   1  1 / -3 13 0 -13 3 / -3 38 0 -38 3 / -3 13 0 -13 3 / -1 -1 0 1 1
 */
const across: Sum = (dc, at, v, h) =>
  slope(dc, at - 2 * v, 2 * h) +
  slope(dc, at + 2 * v, 2 * h) +
  slope(dc, at - 2 * v, h) +
  slope(dc, at + 2 * v, h) +
  3 * (slope(dc, at - v, 2 * h) + slope(dc, at, 2 * h) + slope(dc, at + v, 2 * h)) -
  13 * (slope(dc, at - v, h) + slope(dc, at + v, h)) -
  38 * slope(dc, at, h)

/** 0 2 -5 2 0 / 1 7 -14 7 1 / 0 2 -5 2 0, in the middle. */
const across2: Sum = (dc, at, v, h) =>
  2 * (dc[at - v - h]! + dc[at - v + h]! + dc[at + v - h]! + dc[at + v + h]!) -
  5 * (dc[at - v]! + dc[at + v]!) +
  7 * (dc[at - h]! + dc[at + h]!) -
  14 * dc[at]! +
  dc[at - 2 * h]! +
  dc[at + 2 * h]!

/** 1 0 -1 / 2 0 -2 / 1 0 -1, in the middle. */
const across3: Sum = (dc, at, v, h) => -slope(dc, at - v, h) - 2 * slope(dc, at, h) - slope(dc, at + v, h)

/** -1 0 0 0 1 / 0 9 0 -9 0 / 0 0 0 0 0 / 0 -9 0 9 0 / 1 0 0 0 -1 */
const both: Sum = (dc, at, v, h) =>
  slope(dc, at - 2 * v, 2 * h) -
  slope(dc, at + 2 * v, 2 * h) -
  9 * (slope(dc, at - v, h) - slope(dc, at + v, h))

/** 1 -3 1 / 0 0 0 / -1 3 -1, in the middle. */
const across2down: Sum = (dc, at, v, h) =>
  dc[at - v - h]! + dc[at - v + h]! - 3 * dc[at - v]! - (dc[at + v - h]! + dc[at + v + h]! - 3 * dc[at + v]!)

/** -2 -6 -8 -6 -2 / -6 6 42 6 -6 / -8 42 152 42 -8 / -6 6 42 6 -6 / -2 -6 -8 -6 -2 */
const around: Sum = (dc, at, v, h) =>
  152 * dc[at]! +
  42 * (dc[at - v]! + dc[at + v]! + dc[at - h]! + dc[at + h]!) +
  6 * (dc[at - v - h]! + dc[at - v + h]! + dc[at + v - h]! + dc[at + v + h]!) -
  8 * (dc[at - 2 * v]! + dc[at + 2 * v]! + dc[at - 2 * h]! + dc[at + 2 * h]!) -
  6 * (dc[at - 2 * v - h]! + dc[at - 2 * v + h]! + dc[at + 2 * v - h]! + dc[at + 2 * v + h]!) -
  6 * (dc[at - v - 2 * h]! + dc[at - v + 2 * h]! + dc[at + v - 2 * h]! + dc[at + v + 2 * h]!) -
  2 * (dc[at - 2 * v - 2 * h]! + dc[at - 2 * v + 2 * h]! + dc[at + 2 * v - 2 * h]! + dc[at + 2 * v + 2 * h]!)

/** -7 50 0 -50 7, in the middle. */
const someAcross: Sum = (dc, at, _v, h) => 7 * slope(dc, at, 2 * h) - 50 * slope(dc, at, h)

/** -1 13 -24 13 -1, in the middle. */
const someAcross2: Sum = (dc, at, _v, h) =>
  13 * (dc[at - h]! + dc[at + h]!) - 24 * dc[at]! - dc[at - 2 * h]! - dc[at + 2 * h]!

/** 0 -1 0 1 0 / -1 10 0 -10 1 / 0 0 0 0 0 / 1 -10 0 10 -1 / 0 1 0 -1 0 */
const someBoth: Sum = (dc, at, v, h) =>
  slope(dc, at - 2 * v, h) -
  slope(dc, at + 2 * v, h) +
  slope(dc, at - v, 2 * h) -
  slope(dc, at + v, 2 * h) -
  10 * (slope(dc, at - v, h) - slope(dc, at + v, h))

const plain = (sum: Sum): Estimate => ({ sum, turned: false })
const turned = (sum: Sum): Estimate => ({ sum, turned: true })

export const DC_ESTIMATE: Estimate = plain(around)

/** In zigzag order, from the second coefficient on: where no AC coefficient has come, and where some have. */
export const FROM_DC_ALONE: readonly Estimate[] = [
  plain(across),
  turned(across),
  turned(across2),
  plain(both),
  plain(across2),
  plain(across3),
  plain(across2down),
  turned(across2down),
  turned(across3),
]
export const WITH_SOME_AC: readonly Estimate[] = [
  plain(someAcross),
  turned(someAcross),
  turned(someAcross2),
  plain(someBoth),
  plain(someAcross2),
]
