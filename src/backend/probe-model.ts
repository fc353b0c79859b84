import type { Tensors } from './backend.ts'

const SIZE = 768

/** `y = a · b` for two float32 matrices of any size: the smallest ONNX graph that says whether a device computes. */
export function probeModel(): Uint8Array {
  const text =
    'CAgSBWljdGhwGgEwOmgKFAoBYQoBYhIBeRoBeSIGTWF0TXVsEgVwcm9iZVoXCgFhEhIKEAgBEgwKBBICcmEKBBICY2FaFwoBYhISChAIARIMCgQSAnJiCgQSAmNiYhcKAXkSEgoQCAESDAoEEgJyYQoEEgJjYkIECgAQEUIRCg1jb20ubWljcm9zb2Z0EAE='
  return Uint8Array.from(atob(text), (character) => character.charCodeAt(0))
}

/** Two matrices whose product has a closed form: row r of a is r + 1, column c of b is c + 1, over SIZE terms. */
function probeInput(): {
  inputs: Tensors
  expected: readonly (readonly [index: number, value: number])[]
} {
  const a = new Float32Array(SIZE * SIZE)
  const b = new Float32Array(SIZE * SIZE)
  for (let i = 0; i < a.length; i++) {
    a[i] = (Math.floor(i / SIZE) + 1) / SIZE
    b[i] = ((i % SIZE) + 1) / SIZE
  }
  const value = (row: number, column: number): readonly [number, number] => [
    row * SIZE + column,
    ((row + 1) * (column + 1)) / SIZE,
  ]
  return {
    inputs: {
      a: { dtype: 'float32', dims: [SIZE, SIZE], data: a },
      b: { dtype: 'float32', dims: [SIZE, SIZE], data: b },
    },
    expected: [value(0, SIZE - 1), value(SIZE - 1, 0), value(SIZE - 1, SIZE - 1), value(300, 500)],
  }
}

/**
 * Runs the product on a device `times` times and gives the best of them in milliseconds; the first does not count where
 * there are others, since it compiles kernels. Throws an Error where a product is wrong.
 */
export async function timeProduct(
  run: (inputs: Tensors) => Promise<Tensors>,
  { times = 4 }: { readonly times?: number } = {},
): Promise<number> {
  const { inputs, expected } = probeInput()
  let best = Infinity
  for (let i = 0; i < times; i++) {
    const start = performance.now()
    const { y } = await run(inputs)
    if (i > 0 || times === 1) best = Math.min(best, performance.now() - start)
    for (const [at, value] of expected) {
      if (!(Math.abs(Number(y!.data[at]) - value) <= 1e-2 * Math.abs(value)))
        throw new Error('it computes wrong products')
    }
  }
  return best
}
