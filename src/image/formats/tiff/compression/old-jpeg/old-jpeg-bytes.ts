import type { Libtiff } from '../../libtiff/libtiff-directory.ts'

/** A stretch of the file; of a strip or tile also which one it is. */
interface Stretch {
  readonly from: number
  readonly to: number
  readonly strile?: number
}

/** A place in the stream: which stretch, and where in the file. */
export interface OldJpegPlace {
  readonly stretch: number
  readonly at: number
}

/**
 * The stream of an old-style JPEG: what JPEGInterchangeFormat names, then strips or tiles, one behind the other, wherever the
 * header ends (`OJPEGReadBufferFill`).
 */
export class OldJpegBytes {
  readonly file: Uint8Array
  readonly #stretches: readonly Stretch[]
  readonly #striles: number
  #stretch = 0
  #at = 0

  constructor(file: Uint8Array, { offsets, counts, parts, oldJpeg }: Libtiff) {
    this.file = file
    const stretches: Stretch[] = []
    const add = (from: number, length: number, strile?: number): void => {
      if (from === 0 || from >= file.length) return
      const to = Math.min(length === 0 ? Infinity : from + length, file.length)
      stretches.push(strile === undefined ? { from, to } : { from, to, strile })
    }
    add(oldJpeg.start, oldJpeg.length)
    for (let i = 0; i < offsets.length; i++) add(offsets[i]!, counts[i] ?? 0, i)
    this.#stretches = stretches
    this.#striles = parts
    this.goTo({ stretch: 0, at: stretches[0]?.from ?? 0 })
  }

  get place(): OldJpegPlace {
    return { stretch: this.#stretch, at: this.#at }
  }

  goTo({ stretch, at }: OldJpegPlace): void {
    this.#stretch = stretch
    this.#at = at
  }

  /** -1 at the end. */
  peek(): number {
    while (this.#stretch < this.#stretches.length) {
      if (this.#at < this.#stretches[this.#stretch]!.to) return this.file[this.#at]!
      this.#at = this.#stretches[++this.#stretch]?.from ?? 0
    }
    return -1
  }

  /** Throws `EndOfStream` where there is none left. */
  u8(): number {
    const byte = this.peek()
    if (byte < 0) throw new EndOfStream()
    this.#at++
    return byte
  }

  u16(): number {
    return this.u8() * 256 + this.u8()
  }

  take(count: number): Uint8Array {
    return Uint8Array.from({ length: count }, () => this.u8())
  }

  /** Never goes past the stretch, which libtiff holds for a sign of damage. */
  skip(count: number): void {
    this.#at = Math.min(this.#at + count, this.#stretches[this.#stretch]?.to ?? 0)
  }

  /** What is left, as libjpeg gets it: with a restart marker behind every strip or tile, and behind the last the end mark. */
  rest(): Uint8Array[] {
    const parts: Uint8Array[] = []
    let restarts = 0
    for (let i = this.#stretch; i < this.#stretches.length; i++) {
      const { from, to, strile } = this.#stretches[i]!
      const start = i === this.#stretch ? this.#at : from
      if (start >= to) continue
      parts.push(this.file.subarray(start, to))
      if (strile !== undefined)
        parts.push(Uint8Array.of(0xff, strile + 1 < this.#striles ? 0xd0 + (restarts++ & 7) : 0xd9))
    }
    return parts
  }
}

/** The stream is over where more was to come. */
export class EndOfStream extends Error {}
