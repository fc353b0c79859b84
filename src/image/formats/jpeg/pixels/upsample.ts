import type { JpegComponent, JpegPicture } from '../headers/jpeg-components.ts'

/** Fills in a row of a component in the picture's full size. */
export type RowReader = (y: number) => Uint8ClampedArray

/** How a component comes to full size: as it is, an axis or both interpolated, or its samples repeated. */
export type Upsampling = 'whole' | 'halfAcross' | 'halfDown' | 'halfBoth' | 'repeated'

export function upsampling(component: JpegComponent, { maxH, maxV, lossless }: JpegPicture): Upsampling {
  const ratio = `${maxH / component.h}×${maxV / component.v}`
  if (ratio === '1×1') return 'whole'
  if (lossless) return 'repeated'
  if (ratio === '1×2') return 'halfDown'
  if (component.width > 2 && ratio === '2×1') return 'halfAcross'
  return component.width > 2 && ratio === '2×2' ? 'halfBoth' : 'repeated'
}

/**
 * How libjpeg brings a component to full size (jdsample.c): halved axes are interpolated, each sample ¾ of its own and ¼ of
 * the nearer neighbour, with roundings that alternate; other ratios, and components two samples narrow, are repeated.
 * The row that comes back may be overwritten by the next.
 */
export function rowReader(component: JpegComponent, picture: JpegPicture): RowReader {
  const { plane, stride } = component
  const { width, maxH, maxV } = picture
  const row = new Uint8ClampedArray(width + 4)
  switch (upsampling(component, picture)) {
    case 'whole':
      return (y) => plane.subarray(y * stride, (y + 1) * stride)
    case 'halfDown':
      return halfDown(component, row, width)
    case 'halfAcross':
      return halfAcross(component, row)
    case 'halfBoth':
      return halfBoth(component, row)
    case 'repeated':
      return repeated(component, row, width, maxH / component.h, maxV / component.v)
  }
}

function repeated(
  { plane, stride }: JpegComponent,
  row: Uint8ClampedArray,
  width: number,
  across: number,
  down: number,
): RowReader {
  let before = -1
  return (y) => {
    const from = Math.floor(y / down)
    if (from !== before)
      for (let x = 0, i = from * stride; x < width; i++) for (let k = 0; k < across; k++) row[x++] = plane[i]!
    before = from
    return row
  }
}

/** The row above for the upper half of a row, below for the lower; at the picture's edge itself. */
export const neighbour = (y: number, last: number): number =>
  y & 1 ? Math.min(last, (y >> 1) + 1) : Math.max(0, (y >> 1) - 1)

function halfDown(
  { plane, stride, height }: JpegComponent,
  row: Uint8ClampedArray,
  width: number,
): RowReader {
  return (y) => {
    const near = (y >> 1) * stride
    const far = neighbour(y, height - 1) * stride
    const bias = y & 1 ? 2 : 1
    for (let x = 0; x < width; x++) row[x] = (plane[near + x]! * 3 + plane[far + x]! + bias) >> 2
    return row
  }
}

function halfAcross({ plane, stride, width }: JpegComponent, row: Uint8ClampedArray): RowReader {
  const end = width - 1
  return (y) => {
    const from = y * stride
    row[0] = plane[from]!
    row[1] = (plane[from]! * 3 + plane[from + 1]! + 2) >> 2
    for (let x = 1; x < end; x++) {
      const here = plane[from + x]! * 3
      row[2 * x] = (here + plane[from + x - 1]! + 1) >> 2
      row[2 * x + 1] = (here + plane[from + x + 1]! + 2) >> 2
    }
    row[2 * end] = (plane[from + end]! * 3 + plane[from + end - 1]! + 1) >> 2
    row[2 * end + 1] = plane[from + end]!
    return row
  }
}

function halfBoth({ plane, stride, width, height }: JpegComponent, row: Uint8ClampedArray): RowReader {
  const end = width - 1
  return (y) => {
    const near = (y >> 1) * stride
    const far = neighbour(y, height - 1) * stride
    let before: number
    let here = plane[near]! * 3 + plane[far]!
    let after = plane[near + 1]! * 3 + plane[far + 1]!
    row[0] = (here * 4 + 8) >> 4
    row[1] = (here * 3 + after + 7) >> 4
    for (let x = 1; x < end; x++) {
      before = here
      here = after
      after = plane[near + x + 1]! * 3 + plane[far + x + 1]!
      row[2 * x] = (here * 3 + before + 8) >> 4
      row[2 * x + 1] = (here * 3 + after + 7) >> 4
    }
    row[2 * end] = (after * 3 + here + 8) >> 4
    row[2 * end + 1] = (after * 4 + 7) >> 4
    return row
  }
}
