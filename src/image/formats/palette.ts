/**
 * 256 RGB entries out of a file's colours. As from Pillow, indices past their end are black, but where the colours are nothing
 * but the grays 0, 1, 2 … (or there are none) the picture is taken for a gray one, and every index for its gray.
 */
export function paletteOf(colours: Uint8Array): Uint8Array {
  if (colours.every((value, i) => value === Math.floor(i / 3)))
    return Uint8Array.from({ length: 768 }, (_, i) => Math.floor(i / 3))
  const palette = new Uint8Array(768)
  palette.set(colours.subarray(0, 768))
  return palette
}
