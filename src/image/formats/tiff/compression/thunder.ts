const TWO_BITS = [0, 1, 0, -1]
const THREE_BITS = [0, 1, 2, 3, 0, -3, -2, -1]

/** ThunderScan's 4-bit gray: runs, small differences, or plain values (`tif_thunder.c`). False where lines do not work out. */
export function unpackThunder(data: Uint8Array, out: Uint8Array, width: number, rowBytes: number): boolean {
  let at = 0
  for (let row = 0; row + rowBytes <= out.length; row += rowBytes) {
    let value = 0
    let x = 0
    const put = (next: number): void => {
      value = next & 15
      if (x >= width) return
      out[row + (x >> 1)]! |= x & 1 ? value : value << 4
      x++
    }
    while (at < data.length && x < width) {
      const code = data[at++]!
      switch (code >> 6) {
        case 0:
          if (x + code > width) return false
          for (let n = code; n > 0; n--) put(value)
          break
        case 1:
          for (const shift of [4, 2, 0]) {
            const delta = (code >> shift) & 3
            if (delta !== 2) put(value + TWO_BITS[delta]!)
          }
          break
        case 2:
          for (const shift of [3, 0]) {
            const delta = (code >> shift) & 7
            if (delta !== 4) put(value + THREE_BITS[delta]!)
          }
          break
        default:
          put(code)
      }
    }
    if (x !== width) return false
  }
  return true
}
