import type { Device } from '../backend/backend.ts'
import type { RemoteOptions } from '../backend/remote/remote-options.ts'
import type { PackedError } from '../base/packed-error.ts'
import type { Progress } from '../base/progress.ts'
import type { ImageCrop } from '../image/preprocess.ts'
import type { ModelKind, PerKind } from '../models/kinds.ts'
import type { Dtype } from '../models/manifest.ts'

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
  readonly crops: PerKind<readonly ImageCrop[]>
  readonly prompts: readonly string[]
  /** Measures what a server answers. */
  readonly remote?: RemoteOptions | undefined
}

/** What it answers: progress, then one of the others. */
export type MeasureReply =
  { readonly progress: Progress } | { readonly measurement: Measurement } | { readonly error: PackedError }

/** One precision's answers, and what they cost. */
export interface Measurement {
  readonly models: PerKind<MeasuredRun>
  /** Bytes. */
  readonly memory: { readonly peak: number; readonly resident: number }
}

export interface MeasuredRun {
  readonly device: Device
  readonly backend: string
  /** As the tower gives them, one an image. */
  readonly imageEmbeds: readonly Float32Array[]
  readonly secondsPerImage: number
  /** Of models that take a prompt. */
  readonly texts?: { readonly embeds: readonly Float32Array[]; readonly secondsPerPrompt: number }
  /** Of models that have a head, one an image. */
  readonly logits?: readonly number[]
}
