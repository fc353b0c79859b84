/** out[c][column + r] = from[r][c], in square blocks that stay in the first-level cache. */
export function transposeInto(
  out: Float32Array,
  outWidth: number,
  column: number,
  from: Float32Array,
  rows: number,
  columns: number,
): void {
  const block = 32
  for (let r0 = 0; r0 < rows; r0 += block) {
    const r1 = Math.min(rows, r0 + block)
    for (let c0 = 0; c0 < columns; c0 += block) {
      const c1 = Math.min(columns, c0 + block)
      for (let c = c0; c < c1; c++) {
        const to = c * outWidth + column
        for (let r = r0; r < r1; r++) out[to + r] = from[r * columns + c]!
      }
    }
  }
}

/** Whether no value is NaN or infinite. */
export function allFinite(values: Float32Array): boolean {
  const bits = new Int32Array(values.buffer, values.byteOffset, values.length)
  // One more in the exponent carries into the sign where its bits are all ones, and only there.
  let carried = 0
  for (let i = 0; i < bits.length; i++) carried |= (bits[i]! & 0x7f800000) + 0x00800000
  return carried >= 0
}
