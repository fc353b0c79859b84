/** CMYK → RGB as Pillow's Convert.c (`cmyk2rgb`) does it: no colour management, `nk - C·nk/255`, clamped. */
export function cmykToRgb(data: Uint8Array): Uint8Array {
  const pixels = data.length >> 2
  const out = new Uint8Array(pixels * 3)
  for (let i = 0, p = 0, q = 0; i < pixels; i++, p += 4, q += 3) {
    const rest = 255 - data[p + 3]!
    out[q] = rest - scaleInk(data[p]!, rest)
    out[q + 1] = rest - scaleInk(data[p + 1]!, rest)
    out[q + 2] = rest - scaleInk(data[p + 2]!, rest)
  }
  return out
}

/** a·b/255, rounded (`MULDIV255` of ImagingUtils.h); never more than b. */
export function scaleInk(a: number, b: number): number {
  const t = a * b + 128
  return ((t >> 8) + t) >> 8
}
