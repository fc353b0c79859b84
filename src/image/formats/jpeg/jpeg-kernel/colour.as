// Components to RGB, as colour.ts.

/** Puts the rows of three components together as RGB, of four (inks, of which 255 is none) as the RGB that Pillow makes of them. */
export function join(ycc: bool, inks: bool, a: usize, b: usize, c: usize, d: usize, to: usize, width: i32): void {
  for (let x: i32 = 0; x < width; x += 16, to += 48) {
    let red = v128.load(a + x)
    let green = v128.load(b + x)
    let blue = v128.load(c + x)
    if (ycc) {
      const middle = i16x8.splat(128)
      const yl = i16x8.extend_low_i8x16_u(red)
      const yh = i16x8.extend_high_i8x16_u(red)
      const bl = i16x8.sub(i16x8.extend_low_i8x16_u(green), middle)
      const bh = i16x8.sub(i16x8.extend_high_i8x16_u(green), middle)
      const rl = i16x8.sub(i16x8.extend_low_i8x16_u(blue), middle)
      const rh = i16x8.sub(i16x8.extend_high_i8x16_u(blue), middle)
      // 1.402 = 1 + 26345 / 2^16, 1.772 = 2 - 14942 / 2^16, 0.34414 = 22554 / 2^16, 0.71414 = 1 - 18734 / 2^16.
      const kr = i16x8(0, 26345, 0, 26345, 0, 26345, 0, 26345)
      const kg = i16x8(-22554, 18734, -22554, 18734, -22554, 18734, -22554, 18734)
      const kb = i16x8(-14942, 0, -14942, 0, -14942, 0, -14942, 0)
      red = i8x16.narrow_i16x8_u(
        i16x8.add(i16x8.add(yl, rl), share(bl, rl, kr)),
        i16x8.add(i16x8.add(yh, rh), share(bh, rh, kr)),
      )
      green = i8x16.narrow_i16x8_u(
        i16x8.add(i16x8.sub(yl, rl), share(bl, rl, kg)),
        i16x8.add(i16x8.sub(yh, rh), share(bh, rh, kg)),
      )
      blue = i8x16.narrow_i16x8_u(
        i16x8.add(i16x8.add(yl, i16x8.add(bl, bl)), share(bl, rl, kb)),
        i16x8.add(i16x8.add(yh, i16x8.add(bh, bh)), share(bh, rh, kb)),
      )
    }
    if (inks) {
      const black = v128.load(d + x)
      if (!ycc) {
        red = v128.not(red)
        green = v128.not(green)
        blue = v128.not(blue)
      }
      red = i8x16.sub(black, scale(red, black))
      green = i8x16.sub(black, scale(green, black))
      blue = i8x16.sub(black, scale(blue, black))
    }
    let two = i8x16.shuffle(red, green, 0, 16, 0, 1, 17, 0, 2, 18, 0, 3, 19, 0, 4, 20, 0, 5)
    v128.store(to, i8x16.shuffle(two, blue, 0, 1, 16, 3, 4, 17, 6, 7, 18, 9, 10, 19, 12, 13, 20, 15))
    two = i8x16.shuffle(red, green, 21, 0, 6, 22, 0, 7, 23, 0, 8, 24, 0, 9, 25, 0, 10, 26)
    v128.store(to, i8x16.shuffle(two, blue, 0, 21, 2, 3, 22, 5, 6, 23, 8, 9, 24, 11, 12, 25, 14, 15), 16)
    two = i8x16.shuffle(red, green, 0, 11, 27, 0, 12, 28, 0, 13, 29, 0, 14, 30, 0, 15, 31, 0)
    v128.store(to, i8x16.shuffle(two, blue, 26, 1, 2, 27, 4, 5, 28, 7, 8, 29, 10, 11, 30, 13, 14, 31), 32)
  }
}

/** The weighted sum of the two chromas, in 2^16ths, rounded. */
// @ts-ignore: decorator
@inline function share(blue: v128, red: v128, weights: v128): v128 {
  const half = i32x4.splat(32768)
  return narrow(
    i32x4.add(i32x4.dot_i16x8_s(low(blue, red), weights), half),
    i32x4.add(i32x4.dot_i16x8_s(high(blue, red), weights), half),
    16,
  )
}

/** a·b/255, rounded, as cmyk.ts does it. */
// @ts-ignore: decorator
@inline function scale(a: v128, b: v128): v128 {
  const half = i16x8.splat(128)
  const l = i16x8.add(i16x8.extmul_low_i8x16_u(a, b), half)
  const h = i16x8.add(i16x8.extmul_high_i8x16_u(a, b), half)
  return i8x16.narrow_i16x8_u(
    i16x8.shr_u(i16x8.add(l, i16x8.shr_u(l, 8)), 8),
    i16x8.shr_u(i16x8.add(h, i16x8.shr_u(h, 8)), 8),
  )
}
