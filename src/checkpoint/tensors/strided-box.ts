/** A rectangular part of a tensor, and where its elements go in a row-major array of the request. */
export interface StridedBox {
  readonly size: readonly number[]
  /** Elements from the storage's start to the box's first element. */
  readonly source: number
  readonly sourceStrides: readonly number[]
  readonly target: number
  readonly targetStrides: readonly number[]
}

/** Row-major strides, in elements. */
export function rowMajorStrides(shape: readonly number[]): number[] {
  const strides = new Array<number>(shape.length)
  let step = 1
  for (let i = shape.length - 1; i >= 0; i--) {
    strides[i] = step
    step *= shape[i]!
  }
  return strides
}

export function elementCount(shape: readonly number[]): number {
  return shape.reduce((product, size) => product * size, 1)
}

/** Whether elements lie in row-major order without gaps; strides of dimensions of one element do not matter. */
export function isContiguous(shape: readonly number[], strides: readonly number[]): boolean {
  const wanted = rowMajorStrides(shape)
  return elementCount(shape) <= 1 || shape.every((size, i) => size === 1 || strides[i] === wanted[i])
}

/** Storage elements from a box's first to its last, both included. */
export function spanOf(size: readonly number[], strides: readonly number[]): number {
  return size.includes(0) ? 0 : size.reduce((span, n, i) => span + (n - 1) * strides[i]!, 1)
}

/** Cuts the row-major elements [start, start + count) of a tensor into at most 2·dimensions − 1 boxes. */
export function* boxesOf(
  shape: readonly number[],
  strides: readonly number[],
  offset: number,
  start: number,
  count: number,
  target = 0,
): Generator<StridedBox> {
  const [, ...rest] = shape
  const inner = elementCount(rest)
  while (count > 0) {
    const row = Math.floor(start / inner)
    const within = start - row * inner
    const source = offset + row * (strides[0] ?? 0)
    let done: number
    if (within === 0 && count >= inner) {
      const rows = Math.floor(count / inner)
      done = rows * inner
      const size = shape.length === 0 ? [] : [rows, ...rest]
      yield { size, source, sourceStrides: strides, target, targetStrides: rowMajorStrides(size) }
    } else {
      done = Math.min(inner - within, count)
      yield* boxesOf(rest, strides.slice(1), source, within, done, target)
    }
    start += done
    count -= done
    target += done
  }
}

/**
 * Cuts a box until each part spans at most `limit` storage elements, along its largest stride, so that the parts of a
 * transposed tensor lie one after the other in the file and each is read once.
 */
export function* withinSpan(box: StridedBox, limit: number): Generator<StridedBox> {
  if (spanOf(box.size, box.sourceStrides) <= limit) return yield box
  let axis = -1
  box.size.forEach((n, i) => {
    if (n > 1 && (axis < 0 || box.sourceStrides[i]! > box.sourceStrides[axis]!)) axis = i
  })
  const half = Math.floor(box.size[axis]! / 2)
  const resized = (n: number): number[] => box.size.map((size, i) => (i === axis ? n : size))
  yield* withinSpan({ ...box, size: resized(half) }, limit)
  const source = box.source + half * box.sourceStrides[axis]!
  const target = box.target + half * box.targetStrides[axis]!
  yield* withinSpan({ ...box, size: resized(box.size[axis]! - half), source, target }, limit)
}

type Elements = Uint8Array | Uint16Array | Uint32Array | BigUint64Array

/** Copies a box's elements; `from` begins at the box's first element. */
export function gather(
  box: StridedBox,
  from: Elements,
  to: Elements,
  dim = 0,
  source = 0,
  target: number = box.target,
): void {
  const size = box.size[dim] ?? 1
  const sourceStep = box.sourceStrides[dim] ?? 0
  const targetStep = box.targetStrides[dim] ?? 0
  if (dim < box.size.length - 1) {
    for (let i = 0; i < size; i++)
      gather(box, from, to, dim + 1, source + i * sourceStep, target + i * targetStep)
  } else {
    for (let i = 0; i < size; i++) to[target + i * targetStep] = from[source + i * sourceStep]!
  }
}

/** The bytes as unsigned integers of an element's width: copied as they are, whatever they mean. */
export function asElements(bytes: Uint8Array, elementSize: number): Elements {
  const { buffer, byteOffset, byteLength } = bytes
  if (elementSize === 8) return new BigUint64Array(buffer, byteOffset, byteLength / 8)
  if (elementSize === 4) return new Uint32Array(buffer, byteOffset, byteLength / 4)
  if (elementSize === 2) return new Uint16Array(buffer, byteOffset, byteLength / 2)
  return bytes
}
