/**
 * The inverse DCT that libjpeg calls "islow" (jidctint.c, after Loeffler, Ligtenberg and Moschytz): integers with 13 bits
 * behind the point, columns first, rounded to 2 bits, then rows. Where numbers grow beyond 16 bits, which only damaged
 * files bring about, it keeps to the vector instructions by which Pillow's libjpeg-turbo computes it.
 */

const columns = new Int32Array(64)

// The odd half stands twice, for columns and for rows: shared, it would have to hand its four values over in memory.

/**
 * Turns the 64 coefficients of `blocks` from `from` into samples, at `to` in `plane`, whose rows are `stride` long.
 * `plane` clamps to 0…255.
 */
export function inverseDct(
  blocks: Int16Array,
  from: number,
  quant: Uint16Array,
  plane: Uint8ClampedArray,
  to: number,
  stride: number,
): void {
  for (let x = 0; x < 8; x++) {
    const i = from + x
    const c1 = blocks[i + 8]!
    const c2 = blocks[i + 16]!
    const c3 = blocks[i + 24]!
    const c4 = blocks[i + 32]!
    const c5 = blocks[i + 40]!
    const c6 = blocks[i + 48]!
    const c7 = blocks[i + 56]!
    const d0 = short(blocks[i]! * quant[x]!)
    if ((c1 | c2 | c3 | c4 | c5 | c6 | c7) === 0) {
      const flat = flatColumn(d0, blocks, from)
      for (let y = x; y < 64; y += 8) columns[y] = flat
      continue
    }
    const d2 = short(c2 * quant[x + 16]!)
    const d4 = short(c4 * quant[x + 32]!)
    const d6 = short(c6 * quant[x + 48]!)
    const rotated = Math.imul(d2 + d6, 4433)
    const e2 = (rotated - Math.imul(d6, 15137)) | 0
    const e3 = (rotated + Math.imul(d2, 6270)) | 0
    const e0 = short(d0 + d4) << 13
    const e1 = short(d0 - d4) << 13

    let o0 = short(c7 * quant[x + 56]!)
    let o1 = short(c5 * quant[x + 40]!)
    let o2 = short(c3 * quant[x + 24]!)
    let o3 = short(c1 * quant[x + 8]!)
    const z1 = Math.imul(o0 + o3, -7373)
    const z2 = Math.imul(o1 + o2, -20995)
    const s3 = short(o0 + o2)
    const s4 = short(o1 + o3)
    const z5 = Math.imul(s3 + s4, 9633)
    const z3 = (Math.imul(s3, -16069) + z5) | 0
    const z4 = (Math.imul(s4, -3196) + z5) | 0
    o0 = (Math.imul(o0, 2446) + z1 + z3) | 0
    o1 = (Math.imul(o1, 16819) + z2 + z4) | 0
    o2 = (Math.imul(o2, 25172) + z2 + z3) | 0
    o3 = (Math.imul(o3, 12299) + z1 + z4) | 0

    columns[x] = saturate((e0 + e3 + o3 + 1024) >> 11)
    columns[x + 56] = saturate((e0 + e3 - o3 + 1024) >> 11)
    columns[x + 8] = saturate((e1 + e2 + o2 + 1024) >> 11)
    columns[x + 48] = saturate((e1 + e2 - o2 + 1024) >> 11)
    columns[x + 16] = saturate((e1 - e2 + o1 + 1024) >> 11)
    columns[x + 40] = saturate((e1 - e2 - o1 + 1024) >> 11)
    columns[x + 24] = saturate((e0 - e3 + o0 + 1024) >> 11)
    columns[x + 32] = saturate((e0 - e3 - o0 + 1024) >> 11)
  }

  for (let y = 0, at = to; y < 64; y += 8, at += stride) {
    const d0 = columns[y]!
    const d2 = columns[y + 2]!
    const d4 = columns[y + 4]!
    const d6 = columns[y + 6]!
    const rotated = Math.imul(d2 + d6, 4433)
    const e2 = (rotated - Math.imul(d6, 15137)) | 0
    const e3 = (rotated + Math.imul(d2, 6270)) | 0
    const e0 = (short(d0 + d4) << 13) + ROUND
    const e1 = (short(d0 - d4) << 13) + ROUND

    let o0 = columns[y + 7]!
    let o1 = columns[y + 5]!
    let o2 = columns[y + 3]!
    let o3 = columns[y + 1]!
    const z1 = Math.imul(o0 + o3, -7373)
    const z2 = Math.imul(o1 + o2, -20995)
    const s3 = short(o0 + o2)
    const s4 = short(o1 + o3)
    const z5 = Math.imul(s3 + s4, 9633)
    const z3 = (Math.imul(s3, -16069) + z5) | 0
    const z4 = (Math.imul(s4, -3196) + z5) | 0
    o0 = (Math.imul(o0, 2446) + z1 + z3) | 0
    o1 = (Math.imul(o1, 16819) + z2 + z4) | 0
    o2 = (Math.imul(o2, 25172) + z2 + z3) | 0
    o3 = (Math.imul(o3, 12299) + z1 + z4) | 0

    plane[at] = ((e0 + e3 + o3) >> 18) + 128
    plane[at + 7] = ((e0 + e3 - o3) >> 18) + 128
    plane[at + 1] = ((e1 + e2 + o2) >> 18) + 128
    plane[at + 6] = ((e1 + e2 - o2) >> 18) + 128
    plane[at + 2] = ((e1 - e2 + o1) >> 18) + 128
    plane[at + 5] = ((e1 - e2 - o1) >> 18) + 128
    plane[at + 3] = ((e0 - e3 + o0) >> 18) + 128
    plane[at + 4] = ((e0 - e3 - o0) >> 18) + 128
  }
}

const ROUND = 1 << 17

/** A column of nothing but its first coefficient: too large a number wraps where all columns are such ones. */
function flatColumn(first: number, blocks: Int16Array, from: number): number {
  if (first >= -8192 && first <= 8191) return first << 2
  return blocks.subarray(from + 8, from + 64).every((coefficient) => coefficient === 0)
    ? short(first << 2)
    : saturate(first << 2)
}

const short = (value: number): number => (value << 16) >> 16

const saturate = (value: number): number => Math.max(-32768, Math.min(32767, value))
