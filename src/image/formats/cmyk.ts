/**
 * CMYK → RGB as Pillow's Convert.c (`cmyk2rgb`) does it: no colour management, `nk - C·nk/255`, clamped.
 * `inverted`: the bytes are 255 minus the inks, as JPEG files have them.
 */
export function cmykToRgb(data: Uint8Array, inverted: boolean): Uint8Array {
  const pixels = data.length >> 2
  const out = new Uint8Array(pixels * 3)
  const flip = inverted ? 255 : 0
  for (let i = 0, p = 0, q = 0; i < pixels; i++, p += 4, q += 3) {
    const rest = 255 - (data[p + 3]! ^ flip)
    out[q] = rest - scale(data[p]! ^ flip, rest)
    out[q + 1] = rest - scale(data[p + 1]! ^ flip, rest)
    out[q + 2] = rest - scale(data[p + 2]! ^ flip, rest)
  }
  return out
}

/** a·b/255, rounded (`MULDIV255` of ImagingUtils.h); never more than b. */
function scale(a: number, b: number): number {
  const t = a * b + 128
  return ((t >> 8) + t) >> 8
}
