import { BackendError, ModelError } from '../../base/errors.ts'
import type { TowerName } from '../../models/kinds.ts'
import type { ModelManifest } from '../../models/manifest.ts'
import { cosine, SELF_TEST_COSINE, selfTestInput } from '../../models/self-test.ts'
import type { Tower } from '../encode/tower.ts'
import type { Choice } from './open-model.ts'

/**
 * Holds a loaded tower's answer against the one that conversion stored. Throws `ModelError` `model_self_test_failed`
 * where the device computes nonsense: wrong kernels, overflow of fp16, saturation of int8.
 */
export async function testTower(
  tower: Tower,
  name: TowerName,
  manifest: ModelManifest,
  { device, dtype }: Choice,
  signal?: AbortSignal,
): Promise<void> {
  const stored = manifest.selfTest[name]
  if (!stored) return
  const output = name === 'vision' ? 'image_embeds' : 'text_embeds'
  const input = selfTestInput(name, {
    size: manifest.preprocess.size,
    contextLength: manifest.contextLength ?? 77,
  })
  let reached = NaN
  let cause: unknown
  try {
    const { [output]: embeds } = await tower.run(input, { [output]: [1, manifest.projectionDim] }, signal)
    reached = cosine(embeds!, stored)
  } catch (error) {
    if (!(error instanceof BackendError && error.code === 'backend_nan')) throw error
    cause = error
  }
  const needed = SELF_TEST_COSINE[dtype]
  if (reached >= needed) return
  const answer = cause ? 'NaN or infinity' : `cosine ${reached.toFixed(4)}, at least ${needed} expected`
  throw new ModelError(
    'model_self_test_failed',
    `${tower.name} gives wrong answers on ${device}: ${answer} in its self-test. ` + remedyAt(device),
    { device, dtype, cosine: reached, needed, ...(cause ? { cause } : {}) },
  )
}

const remedyAt = (device: string): string =>
  device === 'remote'
    ? 'The server runs another model under this name, or in a precision that is too coarse.'
    : "Use another dtype ('fp32'), or another device ('cpu')."
