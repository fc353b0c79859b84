import type { Device } from '../backend/backend.ts'
import type { PackedError } from '../backend/ort-messages.ts'
import type { Progress } from '../base/progress.ts'
import type { ImageCrop } from '../image/preprocess.ts'
import type { Dtype, ModelKind } from '../models/manifest.ts'

/** What a process of its own is asked to measure: one precision of the models of a folder. */
export interface MeasureRequest {
  readonly source: string
  readonly revision?: string | undefined
  readonly kinds: readonly ModelKind[]
  readonly dtype: Dtype
  readonly device: Device
  readonly threads?: number | undefined
  readonly batchSize?: number | undefined
  /** Crops of every image, for each of the models. */
  readonly crops: Partial<Record<ModelKind, readonly ImageCrop[]>>
  readonly prompts: readonly string[]
}

/** What it answers: progress, then one of the others. */
export type MeasureReply =
  { readonly progress: Progress } | { readonly measurement: Measurement } | { readonly error: PackedError }

/** One precision's answers, and what they cost. */
export interface Measurement {
  readonly ict?: MeasuredRun & {
    readonly textEmbeds: readonly Float32Array[]
    readonly secondsPerPrompt: number
  }
  readonly hp?: MeasuredRun & { readonly logits: readonly number[] }
  /** Bytes. */
  readonly memory: { readonly peak: number; readonly resident: number }
}

export interface MeasuredRun {
  readonly device: Device
  readonly backend: string
  /** As the tower gives them, one an image. */
  readonly imageEmbeds: readonly Float32Array[]
  readonly secondsPerImage: number
}
