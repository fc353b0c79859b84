import type { Tensors } from '../backend/backend.ts'
import type { TowerName } from './kinds.ts'
import type { Dtype } from './manifest.ts'

/**
 * What each tower is asked once when it is loaded, so that a device that computes nonsense is found out before it
 * scores: some kernels are wrong on some hardware without a sign of it.
 *
 * The picture is noise in the range of `pixel_values`, and fills all 257 tokens; the prompt fills all 77, since kernels
 * have been wrong for long sequences only.
 */
export function selfTestInput(
  tower: TowerName,
  { size, contextLength }: { size: number; contextLength: number },
): Tensors {
  const noise = hash(tower === 'vision' ? 1 : 2)
  if (tower === 'vision') {
    const data = Float32Array.from({ length: 3 * size * size }, () => noise() * 4 - 2)
    return { pixel_values: { dtype: 'float32', dims: [1, 3, size, size], data } }
  }
  const words = Array.from({ length: contextLength - 2 }, () => BigInt(Math.floor(noise() * 49000)))
  return {
    input_ids: {
      dtype: 'int64',
      dims: [1, contextLength],
      data: BigInt64Array.from([49406n, ...words, 49407n]),
    },
  }
}

/** How many values of the answer are stored: enough that nonsense cannot pass. */
export const STORED_VALUES = 64

/**
 * Cosine that the answer must reach against the stored float32 one. Far below what each precision gives, far above
 * what wrong kernels, overflow or saturation give.
 */
export const SELF_TEST_COSINE: Readonly<Record<Dtype, number>> = {
  fp32: 0.9999,
  fp16: 0.995,
  int8: 0.97,
  q8: 0.99,
  q4: 0.85,
  q4f16: 0.85,
}

export function cosine(a: ArrayLike<number>, b: ArrayLike<number>): number {
  let [ab, aa, bb] = [0, 0, 0]
  for (let i = 0; i < b.length; i++) {
    ab += a[i]! * b[i]!
    aa += a[i]! ** 2
    bb += b[i]! ** 2
  }
  return ab / Math.sqrt(aa * bb)
}

/** A small generator of numbers in [0, 1) that is the same on every platform (mulberry32). */
function hash(seed: number): () => number {
  let state = seed
  return () => {
    state = (state + 0x6d2b79f5) | 0
    let t = Math.imul(state ^ (state >>> 15), 1 | state)
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296
  }
}
