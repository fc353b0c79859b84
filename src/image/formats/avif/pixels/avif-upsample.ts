import { half, type Plane } from './avif-planes.ts'

/** Doubles columns, and rows where these are halved, too: 9, 3, 3 and 1 sixteenths (libyuv's ScaleRowUp2_Linear, _Bilinear). */
export function upsample(plane: Plane, width: number, height: number, halfHeight: boolean): Plane {
  const stride = half(width, true)
  const out = new (plane instanceof Uint16Array ? Uint16Array : Uint8Array)(width * height)
  const sums = new Int32Array(stride)
  for (let y = 0; y < height; y++) {
    const alone = !halfHeight || y === 0 || (y === height - 1 && y % 2 === 1)
    const near = (halfHeight ? y >> 1 : y) * stride
    const far = alone ? near : near + (y % 2 === 1 ? stride : -stride)
    for (let a = 0; a < stride; a++) sums[a] = 3 * plane[near + a]! + plane[far + a]!
    const row = y * width
    // The first and the last column stand alone; the last does so in odd widths, too.
    out[row] = (4 * sums[0]! + 8) >> 4
    for (let x = 1, a = 0; x < width - 1; x += 2, a++) {
      out[row + x] = (3 * sums[a]! + sums[a + 1]! + 8) >> 4
      if (x + 1 < width - 1) out[row + x + 1] = (3 * sums[a + 1]! + sums[a]! + 8) >> 4
    }
    out[row + width - 1] = (4 * sums[stride - 1]! + 8) >> 4
  }
  return out
}
