import type { RewardKind, TowerName } from '../../models/kinds.ts'
import type { ModelManifest } from '../../models/manifest.ts'

/** A tensor of a tower's graph, without its batch; -1 for what varies. */
export interface TowerTensor {
  readonly name: string
  readonly dtype: 'float32' | 'int64'
  readonly dims: readonly number[]
}

/** What a tower's graph takes and gives. */
export function towerTensors(
  kind: RewardKind,
  tower: TowerName,
  { preprocess: { size }, projectionDim }: ModelManifest,
): { readonly inputs: readonly TowerTensor[]; readonly outputs: readonly TowerTensor[] } {
  if (tower === 'text') {
    return {
      inputs: [{ name: 'input_ids', dtype: 'int64', dims: [-1] }],
      outputs: [{ name: 'text_embeds', dtype: 'float32', dims: [projectionDim] }],
    }
  }
  const embeds = { name: 'image_embeds', dtype: 'float32', dims: [projectionDim] } as const
  const head = { name: 'hp_logits', dtype: 'float32', dims: [] } as const
  return {
    inputs: [{ name: 'pixel_values', dtype: 'float32', dims: [3, size, size] }],
    outputs: kind.takesPrompt ? [embeds] : [embeds, head],
  }
}
