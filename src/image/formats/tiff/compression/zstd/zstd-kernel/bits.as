// Streams that are read from their end.

/** The bits of a stream that is read from its end: all below the highest one of its last byte. Below 0 for damage. */
function bitsOf(at: usize, end: usize): i32 {
  const last = <u32>load<u8>(end - 1)
  return last == 0 ? -1 : <i32>((end - at) << 3) - 1 - (<i32>clz(last) - 24)
}

/** So many bits (26 at most), `left` of the stream lying before them. Those from before it are made up. */
// @ts-ignore: decorator
@inline
function bitsAt(at: usize, left: i32, count: u32): u32 {
  return (load<u32>(at + (left >> 3)) >> (left & 7)) & ((1 << count) - 1)
}

/** Where the reader of a stream that is read from its end stands: the next bits come first in the word. */
// @ts-ignore: decorator
@inline
function wordAt(at: usize, left: i32): u64 {
  const byte = (left + 7) >> 3
  return load<u64>(at + byte - 8) << ((byte << 3) - left)
}
