import { reserve, startKernel } from '../../base/wasm/wasm-kernel.ts'
import { WEIGHT_KERNEL } from './weight-kernel.ts'
import { allFinite, transposeInto } from './weight-passes.ts'

/** Floats in a band of a matrix: 4 MiB, which the caches hold from when it is read until it is turned. */
const BAND = 1 << 20
/** One weight is read while another is encoded and a third is written; the fourth is slack. */
const PLACES = 4
/** Floats that no place is made for: token embeddings alone are that many, and come in parts where they can. */
export const LARGE: number = 1 << 24
/** Floats that are not worth a place. */
const SMALL = 1 << 12

interface Kernel {
  readonly memory: WebAssembly.Memory
  turn(from: number, rows: number, columns: number, to: number, pitch: number): void
  finite(from: number, end: number): number
}

/**
 * Where weights are read to, turned and written from: a few places in WebAssembly's memory that are used over and over. The
 * pages of new arrays would cost as much as all that is done with them, and the kernel turns a matrix three times as fast as
 * JavaScript does. Where the platform has no SIMD, arrays are made anew.
 */
export class WeightPool {
  readonly #kernel: Kernel | undefined
  #room = 0
  #bands: readonly [Float32Array, Float32Array] | undefined
  #free: number[] = []
  #taken = new Set<number>()

  constructor(engine: 'wasm' | 'js' = 'wasm') {
    this.#kernel = engine === 'wasm' ? startKernel<Kernel>(WEIGHT_KERNEL) : undefined
  }

  /** Makes room for arrays of these sizes, in floats. Before the first of them is taken, and not while any is. */
  reserve(sizes: readonly number[]): void {
    const room = -4 & (3 + Math.max(0, ...sizes.filter((size) => size < LARGE)))
    if (!this.#kernel || room <= this.#room) return
    reserve(this.#kernel.memory, 4 * (2 * BAND + PLACES * room))
    this.#room = room
    this.#bands = undefined
    this.#free = Array.from({ length: PLACES }, (_, i) => 4 * (2 * BAND + i * room))
  }

  /** Two arrays, so that one is read into while the other is turned. */
  get bands(): readonly [Float32Array, Float32Array] {
    if (this.#bands) return this.#bands
    const buffer = this.#room > 0 ? this.#kernel!.memory.buffer : new ArrayBuffer(8 * BAND)
    return (this.#bands = [new Float32Array(buffer, 0, BAND), new Float32Array(buffer, 4 * BAND, BAND)])
  }

  /** `count` floats, whatever they hold. */
  take(count: number): Float32Array {
    if (count < SMALL || count > this.#room || this.#free.length === 0) return new Float32Array(count)
    const place = this.#free.pop()!
    this.#taken.add(place)
    return new Float32Array(this.#kernel!.memory.buffer, place, count)
  }

  /** Nothing reads `values` any more. Arrays that are not the pool's are left alone. */
  give(values: Float32Array): void {
    if (this.#holds(values) && this.#taken.delete(values.byteOffset)) this.#free.push(values.byteOffset)
  }

  /** out[c][column + r] = from[r][c] */
  turn(
    out: Float32Array,
    outWidth: number,
    column: number,
    from: Float32Array,
    rows: number,
    columns: number,
  ): void {
    if (this.#holds(from) && this.#holds(out) && rows % 4 === 0 && columns % 4 === 0) {
      this.#kernel!.turn(from.byteOffset, rows, columns, out.byteOffset + 4 * column, 4 * outWidth)
    } else transposeInto(out, outWidth, column, from, rows, columns)
  }

  /** Whether no value is NaN or infinite. */
  finite(values: Float32Array): boolean {
    if (!this.#holds(values) || values.length % 4 !== 0) return allFinite(values)
    return this.#kernel!.finite(values.byteOffset, values.byteOffset + values.byteLength) === 1
  }

  #holds({ buffer }: Float32Array): boolean {
    return buffer === this.#kernel?.memory.buffer
  }
}
