// What is done to every sample of a JPEG, eight or sixteen at a time: inverse-dct.ts, upsample.ts and colour.ts in the vector
// instructions of WebAssembly, to the same bytes. AssemblyScript; scripts/build-kernel.mjs compiles it into jpeg-kernel.ts.
// Rows are read and written up to 48 bytes past their end, and one byte before it.

/** Turns `count` blocks of 64 coefficients into samples, side by side from `to` on, and leaves zeros behind. */
export function inverse(blocks: usize, count: i32, quant: usize, to: usize, stride: usize): void {
  const zero = i64x2.splat(0)
  const others = i16x8(0, -1, -1, -1, -1, -1, -1, -1)
  const middle = i8x16.splat(-128)
  for (; count > 0; count--, blocks += 128, to += 8) {
    let a0 = v128.load(blocks)
    let a1 = v128.load(blocks, 16)
    let a2 = v128.load(blocks, 32)
    let a3 = v128.load(blocks, 48)
    let a4 = v128.load(blocks, 64)
    let a5 = v128.load(blocks, 80)
    let a6 = v128.load(blocks, 96)
    let a7 = v128.load(blocks, 112)
    const lower = v128.or(v128.or(v128.or(a1, a2), v128.or(a3, a4)), v128.or(v128.or(a5, a6), a7))
    v128.store(blocks, zero)
    a0 = i16x8.mul(a0, v128.load(quant))
    const first = i16x8.shl(a0, 2)
    if (!v128.any_true(lower)) {
      if (!v128.any_true(v128.and(a0, others))) {
        const flat = i8x16.splat(<i8>clamp(((i16x8.extract_lane_s(first, 0) + 16) >> 5) + 128))
        for (let y = 0, at = to; y < 8; y++, at += stride) v128.store64_lane(at, flat, 0)
        continue
      }
      // Columns of nothing but their first coefficient: where a number is too large, it wraps here and is cut below.
      a0 = i16x8.splat(i16x8.extract_lane_s(first, 0))
      a1 = i16x8.splat(i16x8.extract_lane_s(first, 1))
      a2 = i16x8.splat(i16x8.extract_lane_s(first, 2))
      a3 = i16x8.splat(i16x8.extract_lane_s(first, 3))
      a4 = i16x8.splat(i16x8.extract_lane_s(first, 4))
      a5 = i16x8.splat(i16x8.extract_lane_s(first, 5))
      a6 = i16x8.splat(i16x8.extract_lane_s(first, 6))
      a7 = i16x8.splat(i16x8.extract_lane_s(first, 7))
    } else {
      v128.store(blocks, zero, 16)
      v128.store(blocks, zero, 32)
      v128.store(blocks, zero, 48)
      v128.store(blocks, zero, 64)
      v128.store(blocks, zero, 80)
      v128.store(blocks, zero, 96)
      v128.store(blocks, zero, 112)
      a1 = i16x8.mul(a1, v128.load(quant, 16))
      a2 = i16x8.mul(a2, v128.load(quant, 32))
      a3 = i16x8.mul(a3, v128.load(quant, 48))
      a4 = i16x8.mul(a4, v128.load(quant, 64))
      a5 = i16x8.mul(a5, v128.load(quant, 80))
      a6 = i16x8.mul(a6, v128.load(quant, 96))
      a7 = i16x8.mul(a7, v128.load(quant, 112))
    }
    let rounding = i32x4.splat(1024)
    let shift = 11
    for (let rows = v128.any_true(lower) ? 0 : 1; rows < 2; rows++) {
      if (rows) {
        rounding = i32x4.splat(1 << 17)
        shift = 18
      }
      const sum = i16x8.add(a0, a4)
      const difference = i16x8.sub(a0, a4)
      const e0l = i32x4.add(i32x4.shl(i32x4.extend_low_i16x8_s(sum), 13), rounding)
      const e0h = i32x4.add(i32x4.shl(i32x4.extend_high_i16x8_s(sum), 13), rounding)
      const e1l = i32x4.add(i32x4.shl(i32x4.extend_low_i16x8_s(difference), 13), rounding)
      const e1h = i32x4.add(i32x4.shl(i32x4.extend_high_i16x8_s(difference), 13), rounding)
      const p26l = low(a2, a6)
      const p26h = high(a2, a6)
      const k3 = i16x8(10703, 4433, 10703, 4433, 10703, 4433, 10703, 4433)
      const k2 = i16x8(4433, -10704, 4433, -10704, 4433, -10704, 4433, -10704)
      const e3l = i32x4.dot_i16x8_s(p26l, k3)
      const e3h = i32x4.dot_i16x8_s(p26h, k3)
      const e2l = i32x4.dot_i16x8_s(p26l, k2)
      const e2h = i32x4.dot_i16x8_s(p26h, k2)
      const t0l = i32x4.add(e0l, e3l)
      const t0h = i32x4.add(e0h, e3h)
      const t3l = i32x4.sub(e0l, e3l)
      const t3h = i32x4.sub(e0h, e3h)
      const t1l = i32x4.add(e1l, e2l)
      const t1h = i32x4.add(e1h, e2h)
      const t2l = i32x4.sub(e1l, e2l)
      const t2h = i32x4.sub(e1h, e2h)

      const s3 = i16x8.add(a3, a7)
      const s4 = i16x8.add(a1, a5)
      const sl = low(s3, s4)
      const sh = high(s3, s4)
      const kz3 = i16x8(-6436, 9633, -6436, 9633, -6436, 9633, -6436, 9633)
      const kz4 = i16x8(9633, 6437, 9633, 6437, 9633, 6437, 9633, 6437)
      const z3l = i32x4.dot_i16x8_s(sl, kz3)
      const z3h = i32x4.dot_i16x8_s(sh, kz3)
      const z4l = i32x4.dot_i16x8_s(sl, kz4)
      const z4h = i32x4.dot_i16x8_s(sh, kz4)
      const p71l = low(a7, a1)
      const p71h = high(a7, a1)
      const k0 = i16x8(-4927, -7373, -4927, -7373, -4927, -7373, -4927, -7373)
      const kk3 = i16x8(-7373, 4926, -7373, 4926, -7373, 4926, -7373, 4926)
      const o0l = i32x4.add(i32x4.dot_i16x8_s(p71l, k0), z3l)
      const o0h = i32x4.add(i32x4.dot_i16x8_s(p71h, k0), z3h)
      const o3l = i32x4.add(i32x4.dot_i16x8_s(p71l, kk3), z4l)
      const o3h = i32x4.add(i32x4.dot_i16x8_s(p71h, kk3), z4h)
      const p53l = low(a5, a3)
      const p53h = high(a5, a3)
      const k1 = i16x8(-4176, -20995, -4176, -20995, -4176, -20995, -4176, -20995)
      const kk2 = i16x8(-20995, 4177, -20995, 4177, -20995, 4177, -20995, 4177)
      const o1l = i32x4.add(i32x4.dot_i16x8_s(p53l, k1), z4l)
      const o1h = i32x4.add(i32x4.dot_i16x8_s(p53h, k1), z4h)
      const o2l = i32x4.add(i32x4.dot_i16x8_s(p53l, kk2), z3l)
      const o2h = i32x4.add(i32x4.dot_i16x8_s(p53h, kk2), z3h)

      const b0 = narrow(i32x4.add(t0l, o3l), i32x4.add(t0h, o3h), shift)
      const b7 = narrow(i32x4.sub(t0l, o3l), i32x4.sub(t0h, o3h), shift)
      const b1 = narrow(i32x4.add(t1l, o2l), i32x4.add(t1h, o2h), shift)
      const b6 = narrow(i32x4.sub(t1l, o2l), i32x4.sub(t1h, o2h), shift)
      const b2 = narrow(i32x4.add(t2l, o1l), i32x4.add(t2h, o1h), shift)
      const b5 = narrow(i32x4.sub(t2l, o1l), i32x4.sub(t2h, o1h), shift)
      const b3 = narrow(i32x4.add(t3l, o0l), i32x4.add(t3h, o0h), shift)
      const b4 = narrow(i32x4.sub(t3l, o0l), i32x4.sub(t3h, o0h), shift)

      // Columns become rows, and the second time round rows again.
      const c0 = low(b0, b4)
      const c1 = high(b0, b4)
      const c2 = low(b1, b5)
      const c3 = high(b1, b5)
      const c4 = low(b2, b6)
      const c5 = high(b2, b6)
      const c6 = low(b3, b7)
      const c7 = high(b3, b7)
      const d0 = low(c0, c4)
      const d1 = high(c0, c4)
      const d2 = low(c1, c5)
      const d3 = high(c1, c5)
      const d4 = low(c2, c6)
      const d5 = high(c2, c6)
      const d6 = low(c3, c7)
      const d7 = high(c3, c7)
      a0 = low(d0, d4)
      a1 = high(d0, d4)
      a2 = low(d1, d5)
      a3 = high(d1, d5)
      a4 = low(d2, d6)
      a5 = high(d2, d6)
      a6 = low(d3, d7)
      a7 = high(d3, d7)
    }
    let at = to
    let pair = v128.xor(i8x16.narrow_i16x8_s(a0, a1), middle)
    v128.store64_lane(at, pair, 0)
    v128.store64_lane(at + stride, pair, 1)
    at += 2 * stride
    pair = v128.xor(i8x16.narrow_i16x8_s(a2, a3), middle)
    v128.store64_lane(at, pair, 0)
    v128.store64_lane(at + stride, pair, 1)
    at += 2 * stride
    pair = v128.xor(i8x16.narrow_i16x8_s(a4, a5), middle)
    v128.store64_lane(at, pair, 0)
    v128.store64_lane(at + stride, pair, 1)
    at += 2 * stride
    pair = v128.xor(i8x16.narrow_i16x8_s(a6, a7), middle)
    v128.store64_lane(at, pair, 0)
    v128.store64_lane(at + stride, pair, 1)
  }
}

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

/** A row of twice as many samples, out of the row itself and its neighbour; `sums` is room for 2 · width + 48 bytes. */
export function halfBoth(near: usize, far: usize, sums: usize, to: usize, width: i32): void {
  const three = i16x8.splat(3)
  const base = sums + 16
  for (let x: i32 = 0; x < width; x += 8) {
    const here = v128.load_ext<u8>(near + x)
    const other = v128.load_ext<u8>(far + x)
    v128.store(base + (x << 1), i16x8.add(i16x8.mul(here, three), other))
  }
  store<u16>(base - 2, load<u16>(base))
  store<u16>(base + (width << 1), load<u16>(base + (width << 1) - 2))
  for (let x: i32 = 0; x < width; x += 8) {
    const at = base + (x << 1)
    const here = i16x8.mul(v128.load(at), three)
    const left = i16x8.shr_u(i16x8.add(i16x8.add(here, v128.load(at - 2)), i16x8.splat(8)), 4)
    const right = i16x8.shr_u(i16x8.add(i16x8.add(here, v128.load(at + 2)), i16x8.splat(7)), 4)
    v128.store(to + (x << 1), v128.or(left, i16x8.shl(right, 8)))
  }
}

export function halfAcross(near: usize, to: usize, width: i32): void {
  const three = i16x8.splat(3)
  for (let x: i32 = 0; x < width; x += 8) {
    const at = near + x
    const here = i16x8.mul(v128.load_ext<u8>(at), three)
    const left = i16x8.shr_u(i16x8.add(i16x8.add(here, v128.load_ext<u8>(at - 1)), i16x8.splat(1)), 2)
    const right = i16x8.shr_u(i16x8.add(i16x8.add(here, v128.load_ext<u8>(at + 1)), i16x8.splat(2)), 2)
    // What lies beside the row may be anything: only bytes may come of it.
    v128.store(to + (x << 1), v128.or(left, i16x8.shl(right, 8)))
  }
  store<u8>(to, load<u8>(near))
  store<u8>(to + (width << 1) - 1, load<u8>(near + width - 1))
}

export function halfDown(near: usize, far: usize, bias: i32, to: usize, width: i32): void {
  const three = i16x8.splat(3)
  const rest = i16x8.splat(<i16>bias)
  for (let x: i32 = 0; x < width; x += 8) {
    const sum = i16x8.add(i16x8.add(i16x8.mul(v128.load_ext<u8>(near + x), three), v128.load_ext<u8>(far + x)), rest)
    const row = i16x8.shr_u(sum, 2)
    v128.store64_lane(to + x, i8x16.narrow_i16x8_u(row, row), 0)
  }
}

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

// Sequential Huffman scans, as decodeSequential of decode-block.ts reads them, bit by bit alike. What lies in memory for it:
// of the reader: bits, how many are held, where the next byte is, where the natural order of coefficients lies (u32 each);
// of each component: its DC and its AC table, its blocks, the bytes of a row of blocks, blocks of a unit across and down, the last
// DC coefficient, and room for another;
// of each table: lookup (u16 × 512), whole (i32 × 512), maxCode and offsets (i32 × 18 each), symbols (u8 × 256).

/**
 * Decodes up to `count` units from column `x` on. Stops before a unit for which it would have to read past a marker, or past the
 * end, behind which 0xff stands twice. Answers how many it did.
 */
export function units(reader: usize, parts: usize, partCount: i32, x: i32, count: i32): i32 {
  const end = parts + 32 * partCount
  for (let done = 0; done < count; done++, x++) {
    const bits = load<u64>(reader)
    const at = load<u32>(reader, 8)
    for (let part = parts; part < end; part += 32) store<i32>(part, load<i32>(part, 24), 28)
    for (let part = parts; part < end; part += 32) {
      const h = load<i32>(part, 16)
      const v = load<i32>(part, 20)
      for (let row = 0; row < v; row++) {
        let to: usize = load<u32>(part, 8) + row * load<u32>(part, 12) + x * h * 128
        for (let column = 0; column < h; column++, to += 128) {
          if (block(reader, part, to)) continue
          store<u64>(reader, bits)
          store<u32>(reader, at, 8)
          for (let other = parts; other < end; other += 32) {
            store<i32>(other, load<i32>(other, 28), 24)
            const across = load<i32>(other, 16)
            for (let down = 0; down < load<i32>(other, 20); down++) {
              memory.fill(load<u32>(other, 8) + down * load<u32>(other, 12) + x * across * 128, 0, across * 128)
            }
          }
          return done
        }
      }
    }
  }
  return count
}

function block(reader: usize, part: usize, to: usize): bool {
  let bits = load<u32>(reader)
  let held = load<i32>(reader, 4)
  let at: usize = load<u32>(reader, 8)
  const order: usize = load<u32>(reader, 12)
  let table: usize = load<u32>(part)
  for (let k: u32 = 0; k < 64; k++) {
    if (held < 9) {
      while (held <= 24) {
        const byte = load<u8>(at++)
        if (byte == 0xff && load<u8>(at++)) return false
        bits = (bits << 8) | byte
        held += 8
      }
    }
    const ahead = (bits >>> (held - 9)) & 511
    if (k) {
      const coefficient = load<i32>(table + (ahead << 2), 1024)
      if (coefficient) {
        held -= coefficient & 15
        k += (coefficient >> 4) & 15
        store<i16>(to + (<usize>load<u8>(order + k) << 1), <i16>(coefficient >> 8))
        continue
      }
    }
    let symbol: i32 = load<u16>(table + (ahead << 1))
    if (symbol) {
      held -= symbol >> 8
      symbol &= 255
    } else {
      if (held < 17) {
        while (held <= 24) {
          const byte = load<u8>(at++)
          if (byte == 0xff && load<u8>(at++)) return false
          bits = (bits << 8) | byte
          held += 8
        }
      }
      let length = 10
      let code: i32 = 0
      for (; length <= 17; length++) {
        code = <i32>((bits >>> (held - length)) & ((<u32>1 << length) - 1))
        if (code <= load<i32>(table + (length << 2), 3072)) break
      }
      held -= length
      if (length <= 16) symbol = load<u8>(table + ((code + load<i32>(table + (length << 2), 3144)) & 255), 3216)
    }
    const count = symbol & 15
    let value = 0
    if (count) {
      if (held < count) {
        while (held <= 24) {
          const byte = load<u8>(at++)
          if (byte == 0xff && load<u8>(at++)) return false
          bits = (bits << 8) | byte
          held += 8
        }
      }
      held -= count
      value = <i32>((bits >>> held) & ((<u32>1 << count) - 1))
      if (value < 1 << (count - 1)) value -= (1 << count) - 1
    }
    if (k == 0) {
      value += load<i32>(part, 24)
      store<i32>(part, value, 24)
      store<i16>(to, <i16>value)
      table = load<u32>(part, 4)
      continue
    }
    k += symbol >> 4
    if (count) store<i16>(to + (<usize>load<u8>(order + k) << 1), <i16>value)
    else if (symbol < 0xf0) break
  }
  store<u32>(reader, bits)
  store<i32>(reader, held, 4)
  store<u32>(reader, at, 8)
  return true
}

/**
 * Smooths a row of `count` blocks in place, as smooth-blocks.ts does. At `dc` are the DC coefficients of five rows of `wide`
 * words, the first of which are two to the left of the first block. At `specs` is a pair of words for each of the first nine AC
 * coefficients in zigzag order: the most it may be (below 0: it is left as it is) and its step.
 */
export function smooth(
  blocks: usize,
  count: usize,
  dc: usize,
  wide: usize,
  specs: usize,
  dcStep: i32,
  alone: bool,
): void {
  const down = wide << 2
  for (const end = blocks + (count << 7); blocks < end; blocks += 128, dc += 4) {
    const b = dc + down
    const c = b + down
    const d = c + down
    const e = d + down
    const a0 = load<i32>(dc)
    const a1 = load<i32>(dc, 4)
    const a2 = load<i32>(dc, 8)
    const a3 = load<i32>(dc, 12)
    const a4 = load<i32>(dc, 16)
    const b0 = load<i32>(b)
    const b1 = load<i32>(b, 4)
    const b2 = load<i32>(b, 8)
    const b3 = load<i32>(b, 12)
    const b4 = load<i32>(b, 16)
    const c0 = load<i32>(c)
    const c1 = load<i32>(c, 4)
    const c2 = load<i32>(c, 8)
    const c3 = load<i32>(c, 12)
    const c4 = load<i32>(c, 16)
    const d0 = load<i32>(d)
    const d1 = load<i32>(d, 4)
    const d2 = load<i32>(d, 8)
    const d3 = load<i32>(d, 12)
    const d4 = load<i32>(d, 16)
    const e0 = load<i32>(e)
    const e1 = load<i32>(e, 4)
    const e2 = load<i32>(e, 8)
    const e3 = load<i32>(e, 12)
    const e4 = load<i32>(e, 16)
    if (!alone) {
      estimate(blocks + 2, specs, dcStep, 7 * (c4 - c0) - 50 * (c3 - c1))
      estimate(blocks + 16, specs + 8, dcStep, 7 * (e2 - a2) - 50 * (d2 - b2))
      estimate(blocks + 32, specs + 16, dcStep, 13 * (b2 + d2) - 24 * c2 - a2 - e2)
      estimate(
        blocks + 18,
        specs + 24,
        dcStep,
        a3 - a1 - (e3 - e1) + (b4 - b0) - (d4 - d0) - 10 * (b3 - b1 - (d3 - d1)),
      )
      estimate(blocks + 4, specs + 32, dcStep, 13 * (c1 + c3) - 24 * c2 - c0 - c4)
      continue
    }
    estimate(
      blocks + 2,
      specs,
      dcStep,
      a4 - a0 + (e4 - e0) + (a3 - a1) + (e3 - e1) + 3 * (b4 - b0 + (c4 - c0) + (d4 - d0)) -
        13 * (b3 - b1 + (d3 - d1)) -
        38 * (c3 - c1),
    )
    estimate(
      blocks + 16,
      specs + 8,
      dcStep,
      e0 - a0 + (e4 - a4) + (d0 - b0) + (d4 - b4) + 3 * (e1 - a1 + (e2 - a2) + (e3 - a3)) -
        13 * (d1 - b1 + (d3 - b3)) -
        38 * (d2 - b2),
    )
    const corners = 2 * (b1 + b3 + d1 + d3)
    estimate(
      blocks + 32,
      specs + 16,
      dcStep,
      corners - 5 * (c1 + c3) + 7 * (b2 + d2) - 14 * c2 + a2 + e2,
    )
    estimate(
      blocks + 18,
      specs + 24,
      dcStep,
      a4 - a0 - (e4 - e0) - 9 * (b3 - b1 - (d3 - d1)),
    )
    estimate(blocks + 4, specs + 32, dcStep, corners - 5 * (b2 + d2) + 7 * (c1 + c3) - 14 * c2 + c0 + c4)
    estimate(blocks + 6, specs + 40, dcStep, b1 - b3 + 2 * (c1 - c3) + d1 - d3)
    estimate(blocks + 20, specs + 48, dcStep, b1 + b3 - 3 * b2 - (d1 + d3 - 3 * d2))
    estimate(blocks + 34, specs + 56, dcStep, b1 + d1 - 3 * c1 - (b3 + d3 - 3 * c3))
    estimate(blocks + 48, specs + 64, dcStep, b1 - d1 + 2 * (b2 - d2) + b3 - d3)
    const around =
      152 * c2 +
      42 * (b2 + d2 + c1 + c3) +
      3 * corners -
      8 * (a2 + e2 + c0 + c4) -
      6 * (a1 + a3 + e1 + e3 + b0 + b4 + d0 + d4) -
      2 * (a0 + a4 + e0 + e4)
    store<i16>(blocks, <i16><i64>inSteps(around, dcStep, dcStep))
  }
}

// @ts-ignore: decorator
@inline
function estimate(place: usize, spec: usize, dcStep: i32, sum: i32): void {
  const most = load<i32>(spec)
  if (most < 0 || load<i16>(place) != 0) return
  const size = inSteps(sum, dcStep, load<i32>(spec, 4))
  store<i16>(place, <i16><i64>max<f64>(-most, min<f64>(most, size)))
}

/** A weighted sum in 256ths of the coefficient's own steps, rounded away from 0. All numbers are exact. */
// @ts-ignore: decorator
@inline
function inSteps(sum: i32, dcStep: i32, step: i32): f64 {
  const all = <f64>sum * <f64>dcStep
  const size = floor((<f64>(step * 128) + abs(all)) / <f64>(step * 256))
  return all < 0 ? -size : size
}
