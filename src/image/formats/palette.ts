/**
 * 256 RGB entries out of a file's colours. As from Pillow, indices past their end are black, but where the colours are nothing
 * but the grays 0, 1, 2 … (or there are none) the picture is taken for a gray one, and every index for its gray.
 */
export function paletteOf(colours: Uint8Array): Uint8Array {
  if (isGrayRamp(colours)) return Uint8Array.from({ length: 768 }, (_, i) => Math.floor(i / 3))
  const palette = new Uint8Array(768)
  palette.set(colours.subarray(0, 768))
  return palette
}

/** Whether colours are the grays 0, 1, 2 … and no others. */
export const isGrayRamp = (colours: Uint8Array): boolean =>
  colours.every((value, i) => value === Math.floor(i / 3))

/** Puts the colours of `count` indices from `from` on to `to` in `out`, as RGB. */
export type Paint = (indices: Uint8Array, from: number, count: number, out: Uint8Array, to: number) => void

/** Paints with a palette of 256 × RGB. */
export function painter(palette: Uint8Array): Paint {
  const words = new Int32Array(256)
  for (let i = 0; i < 256; i++)
    words[i] = palette[3 * i]! | (palette[3 * i + 1]! << 8) | (palette[3 * i + 2]! << 16)
  return (indices, from, count, out, to) => {
    if (count === 0) return
    const view = new DataView(out.buffer, out.byteOffset, out.byteLength)
    const last = from + count - 1
    // A store for a colour, and a byte more, which the next one overwrites.
    for (let i = from, q = to; i < last; i++, q += 3) view.setInt32(q, words[indices[i]!]!, true)
    const word = words[indices[last]!]!
    for (let c = 0; c < 3; c++) out[to + 3 * (count - 1) + c] = word >> (8 * c)
  }
}
