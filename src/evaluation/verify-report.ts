import type { PerKind } from '../models/kinds.ts'
import type { Dtype } from '../models/manifest.ts'
import type { MeasuredMemory, MeasuredWith } from '../models/measured.ts'
import type { Comparison } from './compare-measurements.ts'

/** What {@link verifyModel} measured. */
export interface VerifyReport {
  readonly model: string
  /** The models in it by name. */
  readonly models: PerKind<string>
  readonly against: Dtype
  readonly images: { readonly count: number; readonly source: MeasuredWith }
  /** Absent where no model takes one. */
  readonly prompts?: { readonly count: number; readonly source: MeasuredWith }
  readonly precisions: readonly VerifiedPrecision[]
  /** Precisions that could not be measured. */
  readonly failures: readonly { readonly dtype: Dtype; readonly code: string; readonly message: string }[]
  /** Manifests that hold the results now. */
  readonly recorded: readonly string[]
  /** What the user should know: why results could not be written, for example. */
  readonly notes: readonly string[]
}

export interface VerifiedPrecision extends Comparison {
  readonly dtype: Dtype
  readonly memory: MeasuredMemory
}
