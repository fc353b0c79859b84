import { describe, expect, it } from 'vitest'
import {
  boxesOf,
  gather,
  isContiguous,
  rowMajorStrides,
  spanOf,
  withinSpan,
} from '../../../src/checkpoint/tensors/strided-box.ts'

/** Storage index of every element of a tensor, in row-major order. */
function indices(shape: number[], strides: number[], offset: number): number[] {
  let all = [offset]
  for (const [i, size] of shape.entries())
    all = all.flatMap((at) => Array.from({ length: size }, (_, n) => at + n * strides[i]!))
  return all
}

describe('strided boxes', () => {
  const layouts: [shape: number[], strides: number[], offset: number][] = [
    [[], [], 5],
    [[7], [3], 1],
    [[3, 4], [1, 3], 0],
    [[3, 4], [0, 2], 1],
    [[2, 3, 4], [1, 8, 2], 0],
    [[2, 1, 3, 2], [7, 100, 2, 1], 3],
  ]
  const storage = Uint32Array.from({ length: 200 }, (_, i) => i * i)

  it('gather any range, whole or cut to spans of any limit', () => {
    for (const [shape, strides, offset] of layouts) {
      const all = indices(shape, strides, offset)
      for (let start = 0; start < all.length; start++) {
        for (let count = 0; start + count <= all.length; count++) {
          for (const limit of [1, 4, 1000]) {
            const target = new Uint32Array(count)
            for (const whole of boxesOf(shape, strides, offset, start, count)) {
              for (const box of withinSpan(whole, limit)) {
                const span = spanOf(box.size, box.sourceStrides)
                expect(span).toBeLessThanOrEqual(limit)
                gather(box, storage.subarray(box.source, box.source + span), target)
              }
            }
            expect(Array.from(target)).toEqual(all.slice(start, start + count).map((at) => at * at))
          }
        }
      }
    }
  })

  it('reads a transposed matrix once over, in parts that follow each other', () => {
    const parts = [...boxesOf([8, 1000], [1, 8], 0, 0, 8000)].flatMap((box) => [...withinSpan(box, 100)])
    expect(parts.reduce((sum, box) => sum + spanOf(box.size, box.sourceStrides), 0)).toBe(8000)
  })

  it('knows what is contiguous', () => {
    expect(rowMajorStrides([2, 3, 4])).toEqual([12, 4, 1])
    expect(isContiguous([2, 3], [3, 1])).toBe(true)
    expect(isContiguous([2, 1, 3], [3, 99, 1])).toBe(true)
    expect(isContiguous([0, 3], [7, 7])).toBe(true)
    expect(isContiguous([], [])).toBe(true)
    expect(isContiguous([2, 3], [1, 2])).toBe(false)
    expect(isContiguous([2, 3], [0, 1])).toBe(false)
    expect(spanOf([2, 3], [10, 2])).toBe(15)
    expect(spanOf([0, 3], [10, 2])).toBe(0)
  })
})
