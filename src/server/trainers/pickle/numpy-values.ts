import { PickleFault } from './pickle-fault.ts'
import { type Buildable, PickledTuple } from './pickle-values.ts'

/** More than a batch of any trainer has; bounds what an array of empty texts can be made into. */
const MAX_ELEMENTS = 65_536
const MAX_DIMENSIONS = 32
/** Of all texts of an array together. */
const MAX_CHARACTERS = 1 << 20

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
    const elements = this.#elements('U')?.map(({ buffer, byteOffset, byteLength }) => {
      const view = new DataView(buffer, byteOffset, byteLength)
      return { view, length: lengthOf(view) }
    })
    const characters = elements?.reduce((sum, { length }) => sum + length, 0) ?? 0
    if (characters > MAX_CHARACTERS)
      throw new PickleFault(`holds an array of texts of more than ${MAX_CHARACTERS} characters`)
    return elements?.map(({ view, length }) => textOf(view, length, !this.#dtype!.bigEndian))
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

/** Characters of an element in UCS-4, which is filled up with zeros. */
function lengthOf(view: DataView): number {
  let length = view.byteLength / 4
  while (length > 0 && view.getUint32(4 * (length - 1)) === 0) length--
  return length
}

function textOf(view: DataView, length: number, littleEndian: boolean): string {
  const points = Array.from({ length }, (_, i) => view.getUint32(4 * i, littleEndian))
  if (points.some((point) => point > 0x10ffff || (point >= 0xd800 && point <= 0xdfff)))
    throw new PickleFault('holds an array of texts with something that is no character')
  return points.map((point) => String.fromCodePoint(point)).join('')
}
