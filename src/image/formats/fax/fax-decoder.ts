import { RUN_BITS, type RunTable, runTables } from './fax-codes.ts'
import { EXTENSION, HORIZONTAL, LINE_END, MODE_BITS, MODES, PASS } from './fax-modes.ts'
import { FaxReader } from './fax-reader.ts'
import { FaxRuns } from './fax-runs.ts'

/** How the lines of a fax are coded. */
export interface FaxLayout {
  /** Pixels a line. */
  readonly width: number
  readonly rows: number
  /** `runs`: modified Huffman (RLE). `group3`: with a code at each line's end. `group4`: each line by the one above. */
  readonly coding: 'runs' | 'group3' | 'group4'
  /** Of group 3: a bit before each line says whether it is coded by the one above. */
  readonly twoDimensional: boolean
  /** Of `runs`: lines start on a multiple of so many bits. */
  readonly align: 8 | 16
  /** The data starts on an odd byte of the file. */
  readonly odd: boolean
  /** Kept from strip to strip: once a line's end was missing, none is looked for. */
  readonly memory: { withoutEnds: boolean }
}

/**
 * Decodes a strip of ITU-T T.4 or T.6, high bits first, into rows of bits that start on a byte; 1 is black. Damage is got over
 * as libtiff 4.7 does it (`tif_fax3.c`): a line that cannot be read on is white to its end. `right` is false where that ends
 * the strip; `lines` tells how many are there.
 */
export function decodeFax(
  data: Uint8Array,
  out: Uint8Array,
  layout: FaxLayout,
): { readonly right: boolean; readonly lines: number } {
  const decoder = new FaxStrip(data, out, layout)
  const read = {
    group3: () => decoder.readGroup3(),
    group4: () => decoder.readGroup4(),
    runs: () => decoder.readRuns(),
  }[layout.coding]
  const right = read()
  return { right, lines: decoder.lines }
}

class FaxStrip {
  #reader: FaxReader
  readonly #data: Uint8Array
  readonly #out: Uint8Array
  readonly #layout: FaxLayout
  readonly #tables = runTables()
  readonly #runs: FaxRuns
  lines = 0
  /** A line's end has been read with the line. */
  #lineEnd = false

  constructor(data: Uint8Array, out: Uint8Array, layout: FaxLayout) {
    this.#data = data
    this.#out = out
    this.#layout = layout
    this.#reader = new FaxReader(data)
    this.#runs = new FaxRuns(layout.width, layout.coding === 'group4' || layout.twoDimensional)
  }

  readRuns(): boolean {
    const { rows, align, odd } = this.#layout
    for (let y = 0; y < rows; y++) {
      this.#runs.start()
      const going = this.#readLine()
      if (this.#runs.overflown) return false
      this.#paint(y)
      if (!going) return false
      if (align === 8) this.#reader.alignByte()
      else this.#reader.alignWord(odd)
    }
    return true
  }

  readGroup3(): boolean {
    const { rows, twoDimensional } = this.#layout
    for (let y = 0; y < rows;) {
      this.#runs.start()
      const found = this.#passLineEnd()
      if (found === 'none') {
        // Once more from the start, and without looking for the ends of lines.
        this.#layout.memory.withoutEnds = true
        this.#lineEnd = false
        this.#reader = new FaxReader(this.#data)
        continue
      }
      const there = found && (!twoDimensional || this.#reader.need(1))
      if (!there) this.#runs.finish()
      const byItself = !twoDimensional || this.#takeBit() === 1
      const going = there && (byItself ? this.#readLine() : this.#readLineByAbove() === 'done')
      if (this.#runs.overflown) return false
      this.#paint(y)
      if (!going) return false
      if (twoDimensional) this.#runs.keep()
      y++
    }
    return true
  }

  readGroup4(): boolean {
    const { rows } = this.#layout
    for (let y = 0; y < rows; y++) {
      this.#runs.start()
      const read = this.#readLineByAbove()
      if (this.#runs.overflown) return false
      this.#paint(y)
      // An end that comes too soon is let pass, but not in the first line.
      if (read === 'ended' || this.#lineEnd) return y > 0
      this.#runs.keep()
    }
    return true
  }

  #takeBit(): number {
    const bit = this.#reader.peek(1)
    this.#reader.skip(1)
    return bit
  }

  #paint(y: number): void {
    const rowBytes = Math.ceil(this.#layout.width / 8)
    this.#runs.paint(this.#out, y * rowBytes)
    this.lines = y + 1
  }

  /** False where the data ends before a line's end comes, `none` where it ends within it. */
  #passLineEnd(): boolean | 'none' {
    if (this.#layout.memory.withoutEnds) return true
    const reader = this.#reader
    while (!this.#lineEnd) {
      if (!reader.need(11)) return false
      if (reader.peek(11) === 0) break
      reader.skip(1)
    }
    for (;;) {
      if (!reader.need(8)) return 'none'
      if (reader.peek(8) !== 0) break
      reader.skip(8)
    }
    while (reader.peek(1) === 0) reader.skip(1)
    reader.skip(1)
    this.#lineEnd = false
    return true
  }

  /** A run: its codes of 64 pixels and more, then the one that ends it. What stopped it, if anything did. */
  #readRun(black: 0 | 1, markers: boolean): 'ended' | 'bad' | 'line' | undefined {
    const table: RunTable = this.#tables[black]
    for (;;) {
      if (!this.#reader.need(black ? 13 : 12)) return 'ended'
      const bits = black ? this.#reader.peek(RUN_BITS) : this.#reader.peek(12) << 1
      if (bits >> 2 === 0) {
        this.#reader.skip(11)
        return markers ? 'line' : 'bad'
      }
      const found = table[bits]!
      if (found === 0) return 'bad'
      this.#reader.skip(found & 15)
      const run = found >> 4
      if (run < 64) {
        this.#runs.end(run)
        return undefined
      }
      this.#runs.add(run)
    }
  }

  /** White and black runs by turns. False where the data ends. */
  #readLine(): boolean {
    const runs = this.#runs
    for (let black: 0 | 1 = 0; ; black = black === 0 ? 1 : 0) {
      const stopped = this.#readRun(black, true)
      if (stopped === 'line') this.#lineEnd = true
      if (stopped || runs.overflown || runs.done) {
        runs.finish()
        return stopped !== 'ended'
      }
      if (black === 1) runs.dropEmptyPair()
    }
  }

  /** Changes told by those of the line above. */
  #readLineByAbove(): 'done' | 'ended' {
    const runs = this.#runs
    const read = this.#readChanges()
    if (read !== 'done') {
      runs.finish()
      return read === 'ended' ? 'ended' : 'done'
    }
    if (runs.pending) {
      if (runs.short) {
        // A last change to the line's end is asked for.
        if (!this.#reader.need(1)) {
          runs.finish()
          return 'ended'
        }
        if (this.#reader.peek(1) === 0) {
          runs.finish()
          return 'done'
        }
        this.#reader.skip(1)
      }
      runs.end(0)
    }
    runs.finish()
    return 'done'
  }

  #readChanges(): 'done' | 'ended' | 'bad' {
    const runs = this.#runs
    const reader = this.#reader
    while (!runs.done) {
      if (runs.full()) return 'bad'
      if (!reader.need(7)) return 'ended'
      const bits = reader.peek(7)
      const mode = MODES[bits]!
      reader.skip(MODE_BITS[bits]!)
      if (mode === PASS) {
        runs.pass()
      } else if (mode === HORIZONTAL) {
        const first = runs.black ? 1 : 0
        const stopped = this.#readRun(first, false) ?? this.#readRun(first === 1 ? 0 : 1, false)
        if (stopped) return stopped === 'ended' ? 'ended' : 'bad'
        runs.look()
      } else if (mode === EXTENSION || mode === LINE_END) {
        runs.rest()
        if (mode === EXTENSION) return 'bad'
        if (!reader.need(4)) return 'ended'
        reader.skip(4)
        this.#lineEnd = true
        return 'bad'
      } else if (!runs.change(mode)) return 'bad'
      if (runs.overflown) return 'bad'
    }
    return 'done'
  }
}
