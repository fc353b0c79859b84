import { PickleFault } from './pickle-fault.ts'
import { type Buildable, PickledTuple } from './pickle-values.ts'

/** More than a batch of any trainer has; bounds what an array of empty texts can be made into. */
const MAX_ELEMENTS = 65_536
const MAX_DIMENSIONS = 32

/** Kinds of plain values: flags, integers, floats, complex numbers, bytes and texts of fixed width. */
const CODE = /^([biufcSU])(\d{1,9})$/

/** numpy.dtype of a plain kind. Objects, records and dates are refused by name. */
export class PickledDtype implements Buildable {
  readonly kind: string
  /** Bytes of an element. */
  readonly width: number
  bigEndian = false

  constructor(code: unknown) {
    if (typeof code === 'string' && code.startsWith('O'))
      throw new PickleFault('holds an array of Python objects')
    const [, kind, count] = (typeof code === 'string' ? CODE.exec(code) : undefined) ?? []
    if (kind === undefined) throw new PickleFault('holds an array of a kind that is not plain data')
    this.kind = kind
    this.width = Number(count) * (kind === 'U' ? 4 : 1)
  }

  /** `(version, order, subarray, names, fields, width, alignment, flags)`, as numpy's dtype.__reduce__ gives it. */
  build(state: readonly unknown[]): void {
    const [, order, subarray, names, fields] = state
    if (![subarray, names, fields].every((part) => part === null))
      throw new PickleFault('holds an array of records')
    if (typeof order !== 'string' || !/^[<>|=]$/.test(order))
      throw new PickleFault('holds an array in an unknown byte order')
    this.bigEndian = order === '>'
  }
}

/** numpy.ndarray: what it says of itself, and its bytes, uncopied. */
export class PickledArray implements Buildable {
  #shape: readonly number[] = [0]
  #dtype: PickledDtype | undefined
  #data: Uint8Array = new Uint8Array()

  /** `(version, shape, dtype, is_fortran, bytes)`, as numpy's ndarray.__reduce__ gives it. */
  build(state: readonly unknown[]): void {
    const [, shape, dtype, , data] = state
    this.fill(shape, dtype, data)
  }

  fill(shape: unknown, dtype: unknown, data: unknown): void {
    if (!(shape instanceof PickledTuple) || !(dtype instanceof PickledDtype))
      throw new PickleFault('holds an array without a shape or type')
    if (!(data instanceof Uint8Array)) throw new PickleFault('holds an array without bytes')
    const sizes = shape.items.filter(
      (size): size is number => Number.isInteger(size) && (size as number) >= 0,
    )
    if (sizes.length !== shape.items.length || sizes.length > MAX_DIMENSIONS)
      throw new PickleFault('holds an array whose shape is not one')
    if (sizes.reduce((product, size) => product * size, dtype.width) !== data.length)
      throw new PickleFault('holds an array whose bytes are not as many as its shape says')
    this.#shape = sizes
    this.#dtype = dtype
    this.#data = data
  }

  /** The texts of a `<U` or `>U` array with one axis, or undefined where it is something else. */
  texts(): string[] | undefined {
    const { width, bigEndian } = this.#dtype ?? {}
    const elements = this.#elements('U')
    return elements?.map((bytes) => textOf(bytes, width! / 4, !bigEndian))
  }

  /** The elements of an `S` array with one axis, without their zeros at the end, as numpy gives them. */
  byteStrings(): Uint8Array[] | undefined {
    return this.#elements('S')?.map((bytes) => {
      let end = bytes.length
      while (end > 0 && bytes[end - 1] === 0) end--
      return bytes.subarray(0, end)
    })
  }

  /** The bytes of a `uint8` array with one axis. */
  bytes(): Uint8Array | undefined {
    return this.#shape.length === 1 && this.#dtype?.kind === 'u' && this.#dtype.width === 1
      ? this.#data
      : undefined
  }

  #elements(kind: string): Uint8Array[] | undefined {
    const [length = 0] = this.#shape
    if (this.#shape.length !== 1 || this.#dtype?.kind !== kind) return undefined
    if (length > MAX_ELEMENTS) throw new PickleFault(`holds an array of more than ${MAX_ELEMENTS} elements`)
    const { width } = this.#dtype
    return Array.from({ length }, (_, i) => this.#data.subarray(i * width, (i + 1) * width))
  }
}

/** UCS-4, filled up with zeros. */
function textOf(bytes: Uint8Array, length: number, littleEndian: boolean): string {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  while (length > 0 && view.getUint32(4 * (length - 1)) === 0) length--
  let text = ''
  for (let i = 0; i < length; i++) {
    const point = view.getUint32(4 * i, littleEndian)
    if (point > 0x10ffff || (point >= 0xd800 && point <= 0xdfff))
      throw new PickleFault('holds an array of texts with something that is no character')
    text += String.fromCodePoint(point)
  }
  return text
}
