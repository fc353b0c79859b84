// Rows of more samples, as upsample.ts.

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
