/** One array of all bytes, in order. A single Uint8Array is given as it is, not copied. */
export function concatBytes(parts: readonly ArrayLike<number>[]): Uint8Array {
  const [first] = parts
  if (parts.length === 1 && first instanceof Uint8Array) return first
  const out = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0))
  let at = 0
  for (const part of parts) {
    out.set(part, at)
    at += part.length
  }
  return out
}
