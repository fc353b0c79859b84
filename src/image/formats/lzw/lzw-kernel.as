// The loop of lzw.ts, for WebAssembly. AssemblyScript; scripts/build-kernel.mjs compiles it into lzw-kernel.ts.
// The table lies at 0: 4096 entries of where in the output a run starts, and how long it is.

/**
 * Unpacks what lies from `at` to `end` to `out`, at most `size` bytes, behind which there is room for 8 more.
 * Answers how many bytes there are; where a code cannot be there, -1 minus that.
 */
export function unpack(
  at: usize,
  end: usize,
  out: usize,
  size: usize,
  clear: u32,
  early: u32,
  highFirst: bool,
): isize {
  const firstWidth = <u32>32 - clz(clear)
  const last = out + size
  let to = out
  let buffer: u32 = 0
  let held: u32 = 0
  let next = clear + 2
  let width: u32 = firstWidth
  let previousAt: usize = 0
  let previous: usize = 0
  while (to < last) {
    while (held < width && at < end) {
      const byte = <u32>load<u8>(at++)
      buffer = highFirst ? (buffer << 8) | byte : buffer | (byte << held)
      held += 8
    }
    if (held < width) break
    held -= width
    const code = (highFirst ? buffer >>> held : buffer) & ((<u32>1 << width) - 1)
    if (!highFirst) buffer >>>= width
    if (code == clear + 1) break
    if (code == clear) {
      next = clear + 2
      width = firstWidth
      previous = 0
      continue
    }
    if (code > next || (code == next && previous == 0)) return -1 - <isize>(to - out)
    if (previous > 0 && next < 4096) {
      store<u32>(next << 3, previousAt)
      store<u32>(next << 3, previous + 1, 4)
      next++
      if (next == (<u32>1 << width) - early && width < 12) width++
    }
    previousAt = to
    if (code < clear) {
      store<u8>(to++, <u8>code)
      previous = 1
      continue
    }
    let from: usize = load<u32>(code << 3)
    previous = load<u32>(code << 3, 4)
    const stop = min(last, to + previous)
    if (to - from >= 8) {
      // More than is asked for: what comes next goes over it.
      for (; to < stop; to += 8, from += 8) store<u64>(to, load<u64>(from))
      to = stop
    } else while (to < stop) store<u8>(to++, load<u8>(from++))
  }
  return to - out
}
