import { InputError } from '../../base/errors.ts'
import type { StoredBytes } from './stored-bytes.ts'
import { asElements, boxesOf, elementCount, gather, isContiguous, withinSpan } from './strided-box.ts'
import { ELEMENT_SIZE, exactValues, type TensorDtype, toFloat32 } from './tensor-dtype.ts'

/** Staging for conversions, and the most that is read at once of a storage whose elements are not in order. */
const STAGING_BYTES = 8 << 20

/** Of memory of their own. TypeScript has such arrays as a generic type from 5.7 on, and knows no such thing before. */
export type Floats = ReturnType<typeof Float32Array.from>

/** One tensor of a checkpoint. Nothing of it is in memory until it is read. */
export interface CheckpointTensor {
  readonly name: string
  readonly dtype: TensorDtype
  readonly shape: readonly number[]
  /** Number of elements. */
  readonly size: number
  /** Whether its elements lie in row-major order, so that to read it part by part costs no more than at once. */
  readonly inOrder: boolean
  /**
   * Elements [start, start + count) in row-major order as float32: float16 and bfloat16 widened exactly, float64 and
   * integers rounded to the nearest (ties to even). Defaults to all.
   * Throws `CheckpointError` `checkpoint_truncated`, or `checkpoint_unreadable` where a checksum is wrong.
   */
  read(start?: number, count?: number): Promise<Floats>
  /** As {@link read}, into an array of the caller's: as many elements as it takes. */
  readInto(target: Float32Array, start?: number): Promise<void>
  /** All elements exactly: bigints for int64, else numbers. For small tensors. */
  values(): Promise<number[] | bigint[]>
}

/** Where a tensor lies in its storage; offset and strides count elements. */
export interface TensorLayout {
  readonly dtype: TensorDtype
  readonly shape: readonly number[]
  readonly strides: readonly number[]
  readonly offset: number
  readonly bytes: StoredBytes
}

export class StoredTensor implements CheckpointTensor {
  readonly name: string
  readonly dtype: TensorDtype
  readonly shape: readonly number[]
  readonly size: number
  readonly layout: TensorLayout
  readonly inOrder: boolean
  readonly #elementSize: number

  constructor(name: string, layout: TensorLayout) {
    this.name = name
    this.dtype = layout.dtype
    this.shape = layout.shape
    this.size = elementCount(layout.shape)
    this.layout = layout
    this.inOrder = isContiguous(layout.shape, layout.strides)
    this.#elementSize = ELEMENT_SIZE[layout.dtype]
  }

  async read(start = 0, count: number = this.size - start): Promise<Floats> {
    this.#checkRange(start, count)
    const target = new Float32Array(count)
    await this.readInto(target, start)
    return target
  }

  async readInto(target: Float32Array, start = 0): Promise<void> {
    this.#checkRange(start, target.length)
    if (this.dtype === 'float32') {
      // The file's bytes are the answer: they land where they are wanted.
      return this.#readRaw(new Uint8Array(target.buffer, target.byteOffset, target.byteLength), start)
    }
    if (!this.inOrder) {
      const raw = new Uint8Array(target.length * this.#elementSize)
      await this.#readRaw(raw, start)
      return toFloat32(raw, this.dtype, target)
    }
    const step = STAGING_BYTES / this.#elementSize
    const staging = [0, 1].map(() => new Uint8Array(Math.min(step, target.length) * this.#elementSize))
    const fetch = async (at: number, turn: number): Promise<Uint8Array> => {
      const raw = staging[turn % 2]!.subarray(0, Math.min(step, target.length - at) * this.#elementSize)
      await this.#readRaw(raw, start + at)
      return raw
    }
    let pending = fetch(0, 0)
    for (let at = 0, turn = 0; at < target.length; at += step, turn++) {
      const raw = await pending
      // The next part is read while this one is converted.
      if (at + step < target.length) pending = fetch(at + step, turn + 1)
      toFloat32(raw, this.dtype, target.subarray(at, at + raw.length / this.#elementSize))
    }
  }

  async values(): Promise<number[] | bigint[]> {
    const raw = new Uint8Array(this.size * this.#elementSize)
    await this.#readRaw(raw, 0)
    return this.dtype === 'int64'
      ? Array.from(new BigInt64Array(raw.buffer))
      : Array.from(exactValues(raw, this.dtype, this.size))
  }

  /** Elements as the file has them, put into row-major order. */
  async #readRaw(target: Uint8Array, start: number): Promise<void> {
    const { shape, strides, offset, bytes } = this.layout
    const width = this.#elementSize
    if (this.inOrder) return bytes.read(target, (offset + start) * width)
    const to = asElements(target, width)
    for (const whole of boxesOf(shape, strides, offset, start, to.length)) {
      for (const box of withinSpan(whole, STAGING_BYTES / width)) {
        const span = box.size.reduce((sum, n, i) => sum + (n - 1) * box.sourceStrides[i]!, 1)
        const raw = new Uint8Array(span * width)
        await bytes.read(raw, box.source * width)
        gather(box, asElements(raw, width), to)
      }
    }
  }

  #checkRange(start: number, count: number): void {
    if (
      Number.isSafeInteger(start) &&
      Number.isSafeInteger(count) &&
      start >= 0 &&
      count >= 0 &&
      start + count <= this.size
    )
      return
    throw new InputError(
      'input_invalid_option',
      `Elements ${start} to ${start + count} of ${this.name} were asked for; it has ${this.size}. Ask within its shape.`,
      { tensor: this.name, start, count, size: this.size },
    )
  }
}
