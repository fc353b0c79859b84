/** The brands of a file of boxes (ISO/IEC 14496-12, `ftyp`): the major one and those it is compatible with. */
export function brands(head: string): string[] {
  if (!head.startsWith('ftyp', 4)) return []
  const size = [0, 1, 2, 3].reduce((sum, i) => sum * 256 + head.charCodeAt(i), 0)
  const end = Math.min(size === 0 ? head.length : size, head.length)
  const found = [head.slice(8, 12)]
  for (let at = 16; at + 4 <= end; at += 4) found.push(head.slice(at, at + 4))
  return found
}

/** The signature. Pillow asks for one of these as major brand, libavif for one of the first two as any. */
export function isAvif(head: string): boolean {
  const [major, ...others] = brands(head)
  const own = /^avi[fs]$/
  return (
    major !== undefined &&
    /^(avi[fs]|mif1|msf1)$/.test(major) &&
    [major, ...others].some((brand) => own.test(brand))
  )
}
