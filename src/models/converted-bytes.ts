import type { Dtype } from './manifest.ts'

/** The part of a float32 checkpoint that a precision takes. */
const PART: Readonly<Record<Dtype, number>> = {
  fp32: 1,
  fp16: 0.5,
  int8: 0.26,
  q8: 0.29,
  q4: 0.16,
  q4f16: 0.15,
}
/** HP's backbone file holds a text tower, too, which is not converted: 632 of 986 million weights are left. */
const VISION_PART = 632 / 986

/** A file of the official checkpoints, by its path in its repository. */
export interface CheckpointFile {
  readonly path: string
  /** Bytes. */
  readonly size: number
}

/** About how many bytes the models of these precisions take, made of the official checkpoints. */
export function convertedBytes(
  { files }: { readonly files: readonly CheckpointFile[] },
  dtypes: readonly Dtype[],
): number {
  const weights = files.reduce((bytes, file) => bytes + weightsIn(file), 0)
  return Math.round(dtypes.reduce((bytes, dtype) => bytes + weights * PART[dtype], 0))
}

function weightsIn({ path, size }: CheckpointFile): number {
  if (path.endsWith('.json')) return 0
  return path.startsWith('hp_backbone/') ? size * VISION_PART : size
}
