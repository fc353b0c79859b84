// Operations on vectors that several parts need.

/** The two first of four pairs of neighbours, and the two last. */
// @ts-ignore: decorator
@inline function low(a: v128, b: v128): v128 {
  return i8x16.shuffle(a, b, 0, 1, 16, 17, 2, 3, 18, 19, 4, 5, 20, 21, 6, 7, 22, 23)
}
// @ts-ignore: decorator
@inline function high(a: v128, b: v128): v128 {
  return i8x16.shuffle(a, b, 8, 9, 24, 25, 10, 11, 26, 27, 12, 13, 28, 29, 14, 15, 30, 31)
}
// @ts-ignore: decorator
@inline function narrow(a: v128, b: v128, shift: i32): v128 {
  return i16x8.narrow_i32x4_s(i32x4.shr_s(a, shift), i32x4.shr_s(b, shift))
}
// @ts-ignore: decorator
@inline function clamp(value: i32): i32 {
  return value < 0 ? 0 : value > 255 ? 255 : value
}
