import { type Device, MAX_THREADS } from '../backend/backend.ts'
import { InputError, show } from '../base/errors.ts'
import type { OnProgress } from '../base/progress.ts'
import type { ModelKind } from '../models/kinds.ts'
import type { Dtype, ModelOrigin } from '../models/manifest.ts'
import type { MeasuredPrecision } from '../models/measured.ts'

/** Pixels of more are past what one tensor can hold in JavaScript. */
const MAX_BATCH = 3000

/** Options of `fromPretrained`. */
export interface ScorerOptions {
  /** Where to run. Default `auto`: the fastest device that works; what it took and why is in `scorer.info.notes`. */
  readonly device?: Device | undefined
  /** Precision of the weights. Default `auto`: the fastest for the device among those the folder holds. */
  readonly dtype?: Dtype | 'auto' | undefined
  /** Images in one run of the tower. Default 8 on GPUs, 2 on CPUs. */
  readonly batchSize?: number | undefined
  /** CPU threads of the runtime. Default: one a core. */
  readonly threads?: number | undefined
  /**
   * Hold each tower's answer to a known input against the stored one before it may score; default true. It costs about
   * one image and one prompt.
   */
  readonly selfTest?: boolean | undefined
  /** Images of more pixels are refused before they are decoded. Default 100 million. */
  readonly maxPixels?: number | undefined
  /** Branch, tag or commit, where the model comes from a hub. Default `main`. */
  readonly revision?: string | undefined
  /** Ends loading. */
  readonly signal?: AbortSignal | undefined
  readonly onProgress?: OnProgress | undefined
}

/** Throws `InputError` `input_invalid_option`. */
export function checkNumbers({
  batchSize,
  threads,
  maxPixels,
}: Pick<ScorerOptions, 'batchSize' | 'threads' | 'maxPixels'>): void {
  const most = { batchSize: MAX_BATCH, threads: MAX_THREADS }
  for (const [name, value] of Object.entries({ batchSize, threads })) {
    const limit = most[name as keyof typeof most]
    if (value === undefined || (Number.isInteger(value) && value > 0 && value <= limit)) continue
    throw new InputError(
      'input_invalid_option',
      `${name} is a whole number from 1 to ${limit}, not ${show(value)}.`,
      { [name]: value },
    )
  }
  if (maxPixels === undefined || (typeof maxPixels === 'number' && maxPixels > 0)) return
  throw new InputError('input_invalid_option', `maxPixels is a number above 0, not ${show(maxPixels)}.`, {
    maxPixels,
  })
}

/** Options of every call that encodes. */
export interface EncodeOptions {
  /** Rejects the call with its reason, within a batch. */
  readonly signal?: AbortSignal | undefined
  /** `encode` events, in images. */
  readonly onProgress?: OnProgress | undefined
  /**
   * Bytes and pixels are not copied at the call, which halves their memory: they must be left as they are until the scores
   * are there. Default false.
   */
  readonly transfer?: boolean | undefined
}

export interface StreamOptions extends EncodeOptions {
  /** With it, images that cannot be read are handed here and left out of the stream; without it they end it. */
  readonly onImageError?: ((error: Error, index: number) => void) | undefined
  /** How many images a stream will give, where that is known: for `onProgress`. A list's is known. */
  readonly total?: number | undefined
}

/** What a scorer runs, to be shown beside its numbers. */
export interface ScorerInfo {
  readonly kind: ModelKind
  /** The model's name, for example `8y/ICT`. */
  readonly model: string
  /** The folder, URL or repository it was loaded from. */
  readonly source: string
  readonly revision?: string | undefined
  readonly origin: ModelOrigin
  /** sha256 of what the manifest says of weights and preprocessing: two models with the same one give the same numbers. */
  readonly digest?: string | undefined
  readonly device: Device
  readonly dtype: Dtype
  readonly batchSize: number
  /** What this precision loses and costs, where `icthp verify` has measured it and written it into the model folder. */
  readonly measured?: MeasuredPrecision | undefined
  /** For example `onnxruntime-node 1.30.0`. */
  readonly backend: string
  /** For example `sharp 0.35.5`. */
  readonly decoder: string
  /** What the user should know: fallbacks and their reasons. */
  readonly notes: readonly string[]
}
