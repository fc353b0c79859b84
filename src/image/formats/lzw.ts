export interface LzwOptions {
  /** The code that empties the table. The next one ends the data, those below stand for themselves. */
  readonly clear: number
  /** How many entries before a width is used up codes get wider: 1 in TIFF. */
  readonly early: 0 | 1
  /** Bytes at most. */
  readonly size: number
  /** Takes a code of so many bits from the data; -1 where it has ended. */
  readonly take: (width: number) => number
  /** What becomes of a code that cannot be there: the error to throw, or `stop` for what came before it. */
  readonly damaged: (() => Error) | 'stop'
}

/** LZW of codes of up to 12 bits, as GIF and TIFF have it. Returns what there is, at most `size` bytes. */
export function unpackLzw({ clear, early, size, take, damaged }: LzwOptions): Uint8Array {
  const out = new Uint8Array(size)
  // An entry is a run of the output: where it starts and how long it is, so that nothing has to be turned round.
  const starts = new Int32Array(4096)
  const lengths = new Int32Array(4096)
  const firstWidth = 32 - Math.clz32(clear)
  let next = clear + 2
  let width = firstWidth
  let previous = -1
  let previousAt = 0
  let length = 0
  while (length < size) {
    const code = take(width)
    if (code < 0 || code === clear + 1) break
    if (code === clear) {
      next = clear + 2
      width = firstWidth
      previous = -1
      continue
    }
    if (code > next || (code === next && previous < 0)) {
      if (damaged === 'stop') break
      throw damaged()
    }
    if (previous >= 0 && next < 4096) {
      // The previous run and the first byte of this one; they stand next to each other in the output.
      starts[next] = previousAt
      lengths[next] = (previous < clear ? 1 : lengths[previous]!) + 1
      next++
      if (next === (1 << width) - early && width < 12) width++
    }
    previousAt = length
    if (code < clear) {
      out[length++] = code
    } else {
      const from = starts[code]!
      const run = Math.min(lengths[code]!, size - length)
      for (let i = 0; i < run; i++) out[length + i] = out[from + i]!
      length += run
    }
    previous = code
  }
  return out.subarray(0, length)
}
