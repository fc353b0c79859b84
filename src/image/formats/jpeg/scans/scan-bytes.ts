import { truncated } from '../../../image-errors.ts'

/** The bytes of a scan, up to the marker that ends it, or to the end of the file. */
export class ScanBytes {
  /** The marker that ended the data, not yet dealt with; 0 before one is met. */
  marker = 0
  /** Where the next byte is read. */
  at: number
  /** There are no bytes any more, nor was there a marker. What is read from there on is not the picture. */
  ended = false
  /** A restart marker other than the expected one is got over. */
  resyncs = true
  /** The whole file. */
  readonly file: Uint8Array

  constructor(bytes: Uint8Array, at: number) {
    this.file = bytes
    this.at = at
  }

  /** The next byte of data; 0 from a marker on. */
  protected dataByte(): number {
    if (this.marker !== 0) return 0
    if (this.at >= this.file.length) this.ended = true
    if (this.ended) return 0
    const byte = this.#next()
    if (byte !== 0xff) return byte
    // A 0 behind it says that it is data.
    while (this.file[this.at] === 0xff) this.at++
    if (this.at >= this.file.length) {
      this.ended = true
      return 0
    }
    const code = this.#next()
    if (code === 0) return 0xff
    this.marker = code
    return 0
  }

  /**
   * Passes over restart marker `expected` (0 to 7), or does what libjpeg does where another one or none comes
   * (`jpeg_resync_to_restart`). Returns whether there is data again.
   */
  protected passRestart(expected: number): boolean {
    if (this.marker === 0) this.#nextMarker()
    if (this.marker !== 0xd0 + expected && !this.resyncs)
      throw truncated('JPEG', 'a restart marker of its scan is missing')
    while (this.marker !== 0xd0 + expected) {
      const ahead = this.marker >= 0xd0 && this.marker <= 0xd7 ? (this.marker - 0xd0 - expected) & 7 : -1
      // One of the next two, or no restart marker at all: data was lost; go without it until that marker's turn comes.
      if (ahead === 1 || ahead === 2 || (ahead < 0 && this.marker >= 0xc0)) return false
      // Too far off to tell: taken for the right one.
      if (ahead >= 3 && ahead <= 5) break
      this.#nextMarker()
    }
    this.marker = 0
    return true
  }

  #nextMarker(): void {
    for (;;) {
      if (this.#next() !== 0xff) continue
      let code = this.#next()
      while (code === 0xff) code = this.#next()
      if (code === 0) continue
      this.marker = code
      return
    }
  }

  #next(): number {
    if (this.at >= this.file.length) throw truncated('JPEG', 'its last scan does not end')
    return this.file[this.at++]!
  }
}
