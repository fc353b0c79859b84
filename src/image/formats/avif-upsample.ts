import { half, type Plane } from './avif-planes.ts'

/** Doubles columns, and rows where these are halved, too: 9, 3, 3 and 1 sixteenths (libyuv's ScaleRowUp2_Linear, _Bilinear). */
export function upsample(plane: Plane, width: number, height: number, halfHeight: boolean): Plane {
  const stride = half(width, true)
  const out = new (plane instanceof Uint16Array ? Uint16Array : Uint8Array)(width * height)
  for (let y = 0, i = 0; y < height; y++) {
    const alone = !halfHeight || y === 0 || (y === height - 1 && y % 2 === 1)
    const near = (halfHeight ? y >> 1 : y) * stride
    const far = alone ? near : near + (y % 2 === 1 ? stride : -stride)
    // The last column stands alone in odd widths, too.
    for (let x = 0; x < width; x++, i++) {
      const a = x >> 1
      const beside = x % 2 === 1 ? a + 1 : a - 1
      const b = x === 0 || x === width - 1 ? a : beside
      out[i] =
        (3 * (3 * plane[near + a]! + plane[near + b]!) + 3 * plane[far + a]! + plane[far + b]! + 8) >> 4
    }
  }
  return out
}
