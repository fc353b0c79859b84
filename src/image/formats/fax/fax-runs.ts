/**
 * The runs of a fax line and of the one above it, white first, with the bookkeeping of libtiff's `tif_fax3.h`: what damaged
 * data makes of a line depends on it to the last run.
 */
export class FaxRuns {
  readonly #width: number
  readonly #most: number
  #line: Int32Array
  #above: Int32Array
  #count = 0
  /** Where the line has got to; where the next change above lies, and which run follows it. */
  #at = 0
  #next = 0
  #nextRun = 0
  #length = 0
  overflown = false

  constructor(width: number, byAbove: boolean) {
    this.#width = width
    this.#most = Math.ceil((width + 1) / 32) * 32 * (byAbove ? 2 : 1)
    this.#line = new Int32Array(this.#most + 2)
    this.#above = new Int32Array(this.#most + 2)
    this.#above[0] = width
  }

  start(): void {
    this.#count = 0
    this.#at = 0
    this.#length = 0
    this.#next = this.#above[0]!
    this.#nextRun = 1
  }

  /** The line is the one above the next. */
  keep(): void {
    if (this.#count < this.#most) this.end(0)
    ;[this.#line, this.#above] = [this.#above, this.#line]
  }

  get done(): boolean {
    return this.#at >= this.#width
  }

  /** The next run is black. */
  get black(): boolean {
    return (this.#count & 1) === 1
  }

  /** A run has been begun. */
  get pending(): boolean {
    return this.#length !== 0
  }

  get short(): boolean {
    return this.#length + this.#at < this.#width
  }

  full(): boolean {
    if (this.#count >= this.#most) this.overflown = true
    return this.overflown
  }

  add(length: number): void {
    this.#at = (this.#at + length) | 0
    this.#length = (this.#length + length) | 0
  }

  end(length: number): void {
    if (this.full()) return
    this.#line[this.#count++] = this.#length + length
    this.#at = (this.#at + length) | 0
    this.#length = 0
  }

  dropEmptyPair(): void {
    if (this.#line[this.#count - 1] === 0 && this.#line[this.#count - 2] === 0) this.#count -= 2
  }

  /** What is left of the line, as it stands. */
  rest(): void {
    this.#line[this.#count++] = this.#width - this.#at
  }

  /** Goes on to the first change above that lies to the right. */
  look(): void {
    if (this.#count === 0) return
    while (this.#next <= this.#at && this.#next < this.#width) {
      if (this.#nextRun + 1 >= this.#most) {
        this.overflown = true
        return
      }
      this.#next = (this.#next + this.#above[this.#nextRun]! + this.#above[this.#nextRun + 1]!) | 0
      this.#nextRun += 2
    }
  }

  pass(): void {
    this.look()
    if (this.#nextRun + 1 >= this.#most) this.overflown = true
    if (this.overflown) return
    this.#next = (this.#next + this.#above[this.#nextRun++]!) | 0
    this.#length = (this.#length + this.#next - this.#at) | 0
    this.#at = this.#next
    this.#next = (this.#next + this.#above[this.#nextRun++]!) | 0
  }

  /** A change so many pixels right of the one above. False where it would lie left of where the line has got to. */
  change(by: number): boolean {
    this.look()
    if (this.overflown) return false
    if (by < 0 && this.#next < this.#at - by) return false
    this.end(this.#next - this.#at + by)
    if (by < 0) {
      this.#next = (this.#next - this.#above[--this.#nextRun]!) | 0
    } else if (this.#nextRun >= this.#most) {
      this.overflown = true
    } else {
      this.#next = (this.#next + this.#above[this.#nextRun++]!) | 0
    }
    return true
  }

  /** Cuts or fills up the line so that it ends where it should. */
  finish(): void {
    if (this.#length !== 0) this.end(0)
    if (this.#at === this.#width) return
    while (this.#at > this.#width && this.#count > 0) this.#at = (this.#at - this.#line[--this.#count]!) | 0
    if (this.#at < this.#width) {
      if (this.#at < 0) this.#at = 0
      if (this.black) this.end(0)
      this.end(this.#width - this.#at)
    } else if (this.#at > this.#width) {
      this.end(this.#width)
      this.end(0)
    }
  }

  /** Writes the line as bits, 1 for black. */
  paint(out: Uint8Array, row: number): void {
    if (this.black) this.#line[this.#count] = 0
    const line = this.#line
    const end = this.#count + (this.#count & 1)
    // White first; what was there before goes.
    out.fill(0, row, row + ((this.#width + 7) >> 3))
    let x = 0
    for (let i = 0; i < end; i++) {
      let run = line[i]! >>> 0
      if (x + run > this.#width) run = line[i] = this.#width - x
      if (run > 0 && (i & 1) === 1) blacken(out, row, x, x + run)
      x += run
    }
  }
}

function blacken(out: Uint8Array, row: number, from: number, to: number): void {
  const first = row + (from >> 3)
  const last = row + ((to - 1) >> 3)
  const head = 0xff >> (from & 7)
  const tail = (0xff << (7 - ((to - 1) & 7))) & 0xff
  if (first === last) {
    out[first]! |= head & tail
    return
  }
  out[first]! |= head
  for (let at = first + 1; at < last; at++) out[at] = 0xff
  out[last]! |= tail
}
