import { type AvifPlanes, half, newPlane, type Plane } from './avif-planes.ts'
import { blocks, down34, down38, type Source } from './avif-scale-down.ts'
import { upsample } from './avif-upsample.ts'

/*
 * libavif scales a picture whose data has another size than the file says, with libyuv's ScalePlane and its filter kFilterBox
 * (scale.cc, scale_common.cc; x86 code where it rounds otherwise). Positions have 16 fractional bits.
 */

/** Scales all planes, each by itself. */
export function scalePlanes(planes: AvifPlanes, width: number, height: number): AvifPlanes {
  if (planes.width === width && planes.height === height) return planes
  const { halfWidth, halfHeight, depth } = planes
  const scale = (plane: Plane, halfX: boolean, halfY: boolean): Plane =>
    scalePlane(
      { plane, width: half(planes.width, halfX), height: half(planes.height, halfY) },
      half(width, halfX),
      half(height, halfY),
      depth,
    )
  return {
    ...planes,
    width,
    height,
    y: scale(planes.y, false, false),
    chroma: planes.chroma && [
      scale(planes.chroma[0], halfWidth, halfHeight),
      scale(planes.chroma[1], halfWidth, halfHeight),
    ],
  }
}

type Filter = 'none' | 'linear' | 'bilinear' | 'box'

function scalePlane(source: Source, width: number, height: number, depth: number): Plane {
  const { plane, width: from, height: rows } = source
  if (from === width && rows === height) return plane
  const filter = reduceFilter(source, width, height)
  const out = newPlane(width * height, depth)
  const isUp2 = (width + 1) >> 1 === from
  const isDouble = isUp2 && (height + 1) >> 1 === rows && filter === 'bilinear'
  // 10 and 12 bits look for doubled sizes first.
  if (isDouble && depth > 8) return upsample(plane, width, height, true)
  if (from === width && filter !== 'box') return vertical(source, out, width, height, filter)
  const by = (a: number, b: number): boolean => a * width === b * from && a * height === b * rows
  if (by(4, 3)) return down34(source, out, width, depth)
  if (by(2, 1)) return blocks(source, out, width, 2)
  if (by(8, 3)) return down38(source, out, width, depth)
  if (by(4, 1)) return blocks(source, out, width, 4)
  if (filter === 'box') return box(source, out, width, height)
  if (isUp2 && filter === 'linear') return doubleColumns(source, out, width, height)
  if (isDouble) return upsample(plane, width, height, true)
  if (filter === 'none') return nearest(source, out, width, height)
  return bilinear(source, out, width, height, depth, filter)
}

/** ScaleFilterReduce. */
function reduceFilter({ width: from, height: rows }: Source, width: number, height: number): Filter {
  if (width * 2 < from && height * 2 < rows) return 'box'
  if (from === 1) return 'none'
  const linear = rows === 1 || height === rows || height * 3 === rows
  if (!linear) return 'bilinear'
  return width === from || width * 3 === from ? 'none' : 'linear'
}

const step = (from: number, to: number): number => Math.trunc((from * 65536) / to)

/** Where an interpolated axis begins and how far its steps are (ScaleSlope). */
function slope(from: number, to: number): { start: number; by: number } {
  if (to <= from) {
    const by = step(from, to)
    return { start: (by >> 1) - 32768, by }
  }
  return { start: 0, by: from > 1 && to > 1 ? Math.trunc((from * 65536 - 65537) / (to - 1)) : 0 }
}

const mixRows = (a: number, b: number, fraction: number): number =>
  (a * (256 - fraction) + b * fraction + 128) >> 8

/** ScalePlaneVertical. */
function vertical(
  { plane, height: rows }: Source,
  out: Plane,
  width: number,
  height: number,
  filter: Filter,
): Plane {
  const { start, by } = slope(rows, height)
  const last = rows > 1 ? (rows - 1) * 65536 - 1 : 0
  for (let row = 0, y = start, i = 0; row < height; row++, y = Math.min(y, last) + by) {
    const at = Math.min(y, last)
    const top = (at >> 16) * width
    const below = Math.min(top + width, (rows - 1) * width)
    const fraction = filter === 'none' ? 0 : (at >> 8) & 255
    for (let x = 0; x < width; x++) out[i++] = mixRows(plane[top + x]!, plane[below + x]!, fraction)
  }
  return out
}

/** ScalePlaneBox: means of whole samples, of as many as the steps pass. */
function box({ plane, width: from, height: rows }: Source, out: Plane, width: number, height: number): Plane {
  const [dx, dy] = [step(from, width), step(rows, height)]
  const sums = new Uint32Array(from)
  for (let row = 0, y = 0, i = 0; row < height; row++) {
    const top = y >> 16
    y = Math.min(y + dy, rows * 65536)
    const boxRows = Math.max(1, (y >> 16) - top)
    for (let x = 0; x < from; x++) {
      sums[x] = 0
      for (let k = 0; k < boxRows; k++) sums[x]! += plane[(top + k) * from + x]!
    }
    for (let column = 0, x = 0; column < width; column++, x += dx) {
      const left = x >> 16
      const boxColumns = Math.max(1, ((x + dx) >> 16) - left)
      let sum = 0
      for (let k = 0; k < boxColumns; k++) sum += sums[left + k]!
      out[i++] = Math.floor((sum * Math.floor(65536 / (boxColumns * boxRows))) / 65536)
    }
  }
  return out
}

/** ScalePlaneUp2_Linear: columns doubled, rows repeated or left out. */
function doubleColumns(
  { plane, width: from, height: rows }: Source,
  out: Plane,
  width: number,
  height: number,
): Plane {
  const by = height === 1 ? 0 : step(rows - 1, height - 1)
  for (let row = 0, y = 32767; row < height; row++, y += by) {
    const at = height === 1 ? (rows - 1) >> 1 : y >> 16
    out.set(upsample(plane.subarray(at * from, (at + 1) * from), width, 1, false), row * width)
  }
  return out
}

/** ScalePlaneSimple. */
function nearest(
  { plane, width: from, height: rows }: Source,
  out: Plane,
  width: number,
  height: number,
): Plane {
  const [dx, dy] = [step(from, width), step(rows, height)]
  for (let row = 0, i = 0; row < height; row++) {
    const at = (((dy >> 1) + row * dy) >> 16) * from
    for (let column = 0; column < width; column++) out[i++] = plane[at + (((dx >> 1) + column * dx) >> 16)]!
  }
  return out
}

/** ScalePlaneBilinearUp, which goes along rows first, and ScalePlaneBilinearDown, which goes down columns first. */
function bilinear(
  source: Source,
  out: Plane,
  width: number,
  height: number,
  depth: number,
  filter: Filter,
): Plane {
  const { plane, width: from, height: rows } = source
  const linear = filter === 'linear'
  const across = slope(from, width)
  const by = linear ? step(rows, height) : slope(rows, height).by
  const start = linear ? by >> 1 : slope(rows, height).start
  const last = (rows - 1) * 65536
  const rowFirst = height > rows
  const along = (row: Plane, x: number): number => {
    const at = across.start + x * across.by
    const a = row[at >> 16]!
    const b = row[Math.min((at >> 16) + 1, from - 1)]!
    return depth === 8
      ? a + ((((at & 0xffff) >> 9) * (b - a) + 64) >> 7)
      : a + Math.floor(((at & 0xffff) * (b - a) + 0x8000) / 65536)
  }
  const line = newPlane(from, depth)
  for (let row = 0, y = start, i = 0; row < height; row++, y += by) {
    y = Math.min(y, last)
    const top = (y >> 16) * from
    const below = Math.min(top + from, (rows - 1) * from)
    const fraction = linear ? 0 : (y >> 8) & 255
    const [near, far] = [plane.subarray(top, top + from), plane.subarray(below, below + from)]
    if (rowFirst) {
      for (let x = 0; x < width; x++) out[i++] = mixRows(along(near, x), along(far, x), fraction)
    } else {
      for (let x = 0; x < from; x++) line[x] = mixRows(near[x]!, far[x]!, fraction)
      for (let x = 0; x < width; x++) out[i++] = along(line, x)
    }
  }
  return out
}
