import { truncated } from '../../../image-errors.ts'
import type { HuffmanTable } from '../headers/huffman-table.ts'
import { BitReader } from './bit-reader.ts'

/**
 * Reads a scan that no marker ends. libjpeg fills its bit buffer of 64 bits up whenever it holds too few, and Pillow takes the
 * file for cut where there is too little left to fill it, needed or not (jdhuff.c, `jpeg_fill_bit_buffer`): whether a file
 * that lacks its last bytes is read depends on when it is filled, so that is counted along.
 */
export class EdgeReader extends BitReader {
  override readonly edge: number = EDGE_BYTES
  /** Bits that libjpeg would hold; below 0 where that is not known. */
  #ahead = 0
  /** Bits to the end of the file; Infinity where a marker comes before, below 0 where they are not counted yet. */
  #left = -1
  #filled = 0

  override symbol(table: HuffmanTable): number {
    this.#need(8)
    const before = this.held - this.#filled
    const symbol = super.symbol(table)
    const length = before - (this.held - this.#filled)
    if (length <= 8) this.#use(length)
    else {
      this.#need(9)
      this.#use(9)
      for (let more = length - 9; more > 0; more--) {
        this.#need(1)
        this.#use(1)
      }
    }
    return symbol
  }

  override take(count: number): number {
    this.#need(count)
    this.#use(count)
    return super.take(count)
  }

  override fill(): void {
    const before = this.held
    super.fill()
    this.#filled += this.held - before
  }

  override restart(expected: number): void {
    super.restart(expected)
    this.#ahead = 0
    this.#left = -1
  }

  /** What others have read was far from the end: from whatever state, libjpeg's buffer soon comes to the same. */
  override hold(bits: number, held: number, at: number): void {
    super.hold(bits, held, at)
    this.#ahead = this.#left = -1
  }

  #need(bits: number): void {
    if (this.#left < 0) {
      this.#left = this.held + dataBits(this.file, this.at, this.marker)
      if (this.#ahead < 0) this.#ahead = FULL + ((this.#left - FULL) & 7)
    }
    if (this.#left === Infinity || this.#ahead >= bits) return
    const filled = this.#ahead + ((FULL - this.#ahead + 7) & ~7)
    if (filled > this.#left) throw truncated('JPEG', 'its last scan does not end')
    this.#ahead = filled
  }

  #use(bits: number): void {
    this.#ahead -= bits
    this.#left -= bits
  }
}

/** Whether the last marker of a scan that begins at `from` is none, or one that scans go on behind. */
export function endsOpen(bytes: Uint8Array, from: number): boolean {
  for (let at = bytes.length; at > from;) {
    at = bytes.lastIndexOf(0xff, at - 1)
    if (at < from) return true
    const code = bytes[at + 1]
    if (code !== undefined && code !== 0 && code !== 0xff) return code >= 0xd0 && code <= 0xd7
  }
  return true
}

function dataBits(bytes: Uint8Array, from: number, marker: number): number {
  if (marker !== 0) return Infinity
  let count = 0
  for (let at = from; at < bytes.length; count += 8) {
    if (bytes[at++] !== 0xff) continue
    while (bytes[at] === 0xff) at++
    if (at >= bytes.length) break
    if (bytes[at++] !== 0) return Infinity
  }
  return count
}

/** libjpeg holds more than these bits when it has filled up. */
const FULL = 57
/** Some hundred times its buffer: by then it is in the same state whatever it was in before. */
const EDGE_BYTES = 8192
