/** A number in [0, 1) that is the same for the same text or bytes, everywhere and always. */
export function hash(of: string | Uint8Array): number {
  return hash32(of) / 2 ** 32
}

/** FNV-1a (http://www.isthe.com/chongo/tech/comp/fnv/), its bits mixed once more so that near texts end up far apart. */
export function hash32(of: string | Uint8Array): number {
  const bytes = typeof of === 'string' ? new TextEncoder().encode(of) : of
  let state = 0x811c9dc5
  for (const byte of bytes) state = Math.imul(state ^ byte, 0x01000193)
  state = Math.imul(state ^ (state >>> 16), 0x45d9f3b)
  state = Math.imul(state ^ (state >>> 16), 0x45d9f3b)
  return (state ^ (state >>> 16)) >>> 0
}
