/**
 * icthp for browsers: onnxruntime-web and exact image decoders in a worker that comes along, models kept in the browser's
 * storage.
 */
import type { Device, InferenceBackend } from './backend/backend.ts'
import { OrtWebBackend } from './backend/ort-web/ort-backend-web.ts'
import { checkObject } from './base/check-object.ts'
import { type BlobStore, MemoryStore } from './hub/browser/blob-store.ts'
import type { ModelHub } from './hub/hub.ts'
import { type CachedFile, clearCache, createWebHub, listCache, type WebHubOptions } from './hub/hub-web.ts'
import type { DecodeOptions, ImageDecoder } from './image/decoder.ts'
import { createWebDecoder, type WebDecoderOptions } from './image/decoder-web.ts'
import type { WebImageInput } from './image/inputs/image-input-web.ts'
import { CLIP_PREPROCESS, normalise, type PixelValues, type PreprocessConfig } from './image/preprocess.ts'
import { type HeadKind, HP, ICT, type RewardKind, type TextKind } from './models/kinds.ts'
import { readPrompt, type ReadPromptOptions } from './prompts/read-prompt-web.ts'
import { type RankImages, rankImages as rank } from './ranking/rank-images.ts'
import { type RankPairs, rankPairs as rankEachPair } from './ranking/rank-pairs.ts'
import { type ScoreImages, scoreImages as score } from './ranking/score-images.ts'
import { type ScorePairs, scorePairs as scoreEachPair } from './ranking/score-pairs.ts'
import type { Runtime } from './runtime.ts'
import type { HeadScorer } from './scorers/head-scorer.ts'
import { HpScorer as Hp } from './scorers/hp-scorer.ts'
import { IctScorer as Ict } from './scorers/ict-scorer.ts'
import type { ScorerParts } from './scorers/load/load-scorer.ts'
import type { Scorer } from './scorers/scorer.ts'
import { type ScorerClass, scorerClass } from './scorers/scorer-class.ts'
import type { ScorerOptions } from './scorers/scorer-options.ts'
import type { TextScorer, TextScorerParts } from './scorers/text-scorer.ts'
import { WorkerClient, type WorkerClientOptions } from './worker/worker-client-web.ts'
import type { WasmPaths } from './worker/worker-messages-web.ts'

export * from './core.ts'
export { clearCache, createWebDecoder, createWebHub, listCache, MemoryStore, OrtWebBackend, readPrompt }
export type {
  BlobStore,
  CachedFile,
  ReadPromptOptions,
  WasmPaths,
  WebDecoderOptions,
  WebHubOptions,
  WebImageInput,
  WorkerClientOptions,
}

/**
 * Options of `fromPretrained` in browsers. A seam that is passed in stays the caller's: it is not disposed with the
 * scorer.
 */
export interface WebScorerOptions extends ScorerOptions, WorkerClientOptions, WebHubOptions {
  /** Default `auto`: WebGPU where it works and is a GPU's, else WebAssembly. */
  readonly device?: Device | undefined
  /** Of WebAssembly, where the page is cross-origin isolated (else 1). Default: one a core. */
  readonly threads?: number | undefined
  /** Default onnxruntime-web in the worker. */
  readonly backend?: InferenceBackend | undefined
  /** Default the exact decoders in the worker. */
  readonly decoder?: ImageDecoder<WebImageInput> | undefined
  /** Default URLs and hub repositories, kept in `cache`. */
  readonly hub?: ModelHub | undefined
}

type WebClass<S extends Scorer, Parts> = ScorerClass<S, Parts, string | URL, WebScorerOptions>

/**
 * The class of a reward model with the browser wired in. A source is the URL (absolute, or relative to the page with a
 * `./` or `/` in front) of a folder that `icthp convert` wrote, or a hub repository.
 */
export const webScorer: WireWeb = <S extends Scorer, Parts extends ScorerParts>(
  Class: new (parts: Parts) => S,
  kind: RewardKind,
): WebClass<S, Parts> =>
  scorerClass(Class, kind, (source, options: WebScorerOptions) => ({ source, ...webRuntime(options) }))

interface WireWeb {
  (Class: typeof TextScorer, kind: TextKind): WebClass<TextScorer<WebImageInput>, TextScorerParts>
  (Class: typeof HeadScorer, kind: HeadKind): WebClass<HeadScorer<WebImageInput>, ScorerParts>
  <S extends Scorer, Parts extends ScorerParts>(
    Class: new (parts: Parts) => S,
    kind: RewardKind,
  ): WebClass<S, Parts>
}

export type IctScorer = Ict<WebImageInput>
export const IctScorer: WebClass<IctScorer, TextScorerParts> = webScorer(Ict<WebImageInput>, ICT)
export type HpScorer = Hp<WebImageInput>
export const HpScorer: WebClass<HpScorer, ScorerParts> = webScorer(Hp<WebImageInput>, HP)

/** Of `icthp`, for what browsers call an image. */
export const rankImages: RankImages<WebImageInput> = rank as RankImages<WebImageInput>
export const scoreImages: ScoreImages<WebImageInput> = score as ScoreImages<WebImageInput>
export const rankPairs: RankPairs<WebImageInput> = rankEachPair as RankPairs<WebImageInput>
export const scorePairs: ScorePairs<WebImageInput> = scoreEachPair as ScorePairs<WebImageInput>

/** Options of {@link preprocess}. */
export interface WebPreprocessOptions extends DecodeOptions, Pick<WorkerClientOptions, 'worker'> {
  /** Default CLIP's. */
  readonly config?: PreprocessConfig | undefined
  /** Default one for this call, on the calling thread (`worker: true`: in a worker). For many images make one and pass it. */
  readonly decoder?: ImageDecoder<WebImageInput> | undefined
}

/** An image as the towers see it: `pixel_values`, float32, 3 × size × size. Throws `ImageError`. */
export async function preprocess(
  image: WebImageInput,
  options: WebPreprocessOptions = {},
): Promise<PixelValues> {
  checkObject(options, 'preprocess')
  const { config = CLIP_PREPROCESS, decoder: given, worker = false, ...decode } = options
  const decoder = given ?? createWebDecoder({ worker })
  try {
    return normalise(await decoder.crop(image, config, decode), config)
  } finally {
    if (!given) await decoder.dispose()
  }
}

/**
 * A worker for the backend and one for the decoder, which start when they are first asked: images are decoded beside the
 * towers, and a worker that an image keeps busy can be ended without the model.
 */
function webRuntime(options: WebScorerOptions): { runtime: Runtime; owned: { dispose(): Promise<void> }[] } {
  const { worker, wasmPaths, threads, cache, fetch, endpoint } = options
  const client = new WorkerClient({ worker, wasmPaths, threads })
  const decoder = options.decoder ?? createWebDecoder({ worker })
  return {
    runtime: {
      backend: options.backend ?? new OrtWebBackend(client),
      decoder,
      hub: options.hub ?? createWebHub({ cache, fetch, endpoint }),
    },
    owned: options.decoder ? [client] : [client, decoder],
  }
}
