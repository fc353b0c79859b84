// Literals and matches, in turns.

/** Runs the sequences of a block: literals, then a match. Answers the bytes of the block, or `DAMAGED`. */
function runSequences(at: usize, end: usize, count: u32, out: usize, to: usize, mostBlock: usize): isize {
  let left = bitsOf(at, end)
  if (left < 0) return DAMAGED
  const first = to
  const last = to + mostBlock
  let literals = literalsAt
  const literalsEnd = literals + literalsLength
  const llAt = llTable
  const ofAt = ofTable
  const mlAt = mlTable
  left -= llLog
  let llState = bitsAt(at, left, llLog)
  left -= ofLog
  let ofState = bitsAt(at, left, ofLog)
  left -= mlLog
  let mlState = bitsAt(at, left, mlLog)
  if (left < 0) return DAMAGED
  let r1 = rep1
  let r2 = rep2
  let r3 = rep3
  while (count-- > 0) {
    const ll = load<u64>(llAt + (llState << 3))
    const off = load<u64>(ofAt + (ofState << 3))
    const ml = load<u64>(mlAt + (mlState << 3))
    const ofBits = <i32>(off >> 24) & 255
    const mlBits = <i32>(ml >> 24) & 255
    const llBits = <i32>(ll >> 24) & 255
    let word = wordAt(at, left)
    const offsetCode = <usize>(off >> 32) + <usize>((word >> 1) >> (63 - ofBits))
    word <<= ofBits
    left -= ofBits
    if (ofBits + mlBits + llBits > 56) word = wordAt(at, left)
    const length = <usize>(ml >> 32) + <usize>((word >> 1) >> (63 - mlBits))
    word <<= mlBits
    const before = <usize>(ll >> 32) + <usize>((word >> 1) >> (63 - llBits))
    left -= mlBits + llBits
    if (left < 0) return DAMAGED
    let offset: usize
    if (offsetCode > 3) {
      offset = offsetCode - 3
      r3 = r2
      r2 = r1
      r1 = offset
    } else {
      const which = before == 0 ? offsetCode + 1 : offsetCode
      if (which == 1) offset = r1
      else {
        if (which == 2) offset = r2
        else {
          offset = which == 3 ? r3 : r1 - 1
          if (offset == 0) return DAMAGED
          r3 = r2
        }
        r2 = r1
        r1 = offset
      }
    }
    if (count > 0) {
      const llWidth = <u32>(ll >> 16) & 255
      const mlWidth = <u32>(ml >> 16) & 255
      const ofWidth = <u32>(off >> 16) & 255
      left -= llWidth
      llState = (<u32>ll & 0xffff) + bitsAt(at, left, llWidth)
      left -= mlWidth
      mlState = (<u32>ml & 0xffff) + bitsAt(at, left, mlWidth)
      left -= ofWidth
      ofState = (<u32>off & 0xffff) + bitsAt(at, left, ofWidth)
      if (left < 0) return DAMAGED
    }
    if (before > literalsEnd - literals || before + length > last - to) return DAMAGED
    if (before > 0) {
      const stop = to + before
      for (; to < stop; to += 8, literals += 8) store<u64>(to, load<u64>(literals))
      literals -= to - stop
      to = stop
    }
    if (offset > to - out) return DAMAGED
    to = copyMatch(to, offset, length)
  }
  if (left != 0) return DAMAGED
  rep1 = r1
  rep2 = r2
  rep3 = r3
  const rest = literalsEnd - literals
  if (rest > last - to) return DAMAGED
  memory.copy(to, literals, rest)
  return to + rest - first
}

/** Copies from before `to`; what it writes past the end comes to lie under what follows. */
// @ts-ignore: decorator
@inline
function copyMatch(to: usize, offset: usize, length: usize): usize {
  const stop = to + length
  let from = to - offset
  if (offset < 8) {
    for (let i: usize = 0; i < 8; i++) store<u8>(to + i, load<u8>(from + i))
    // The same again, from a whole number of repeats before.
    let far = offset
    while (far < 8) far += offset
    to += 8
    from = to - far
  }
  for (; to < stop; to += 8, from += 8) store<u64>(to, load<u64>(from))
  return stop
}
