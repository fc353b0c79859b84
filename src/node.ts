/**
 * icthp for Node: onnxruntime-node in a worker thread, sharp where it is installed, the Hugging Face cache.
 */
import type { InferenceBackend } from './backend/backend.ts'
import { OrtNodeBackend, type OrtNodeOptions } from './backend/ort-node/ort-backend-node.ts'
import { checkObject } from './base/check-object.ts'
import { InputError, show } from './base/errors.ts'
import type { ModelHub } from './hub/hub.ts'
import { createNodeHub, type NodeHubOptions } from './hub/hub-node.ts'
import type { DecodeOptions, ImageDecoder } from './image/decoder.ts'
import { createNodeDecoder, type NodeDecoderOptions } from './image/decoder-node.ts'
import type { NodeImageInput } from './image/inputs/image-input-node.ts'
import { CLIP_PREPROCESS, normalise, type PixelValues, type PreprocessConfig } from './image/preprocess.ts'
import { findDefaultModel } from './models/default-model-node.ts'
import { type HeadKind, HP, ICT, type RewardKind, type TextKind } from './models/kinds.ts'
import { readPrompt, type ReadPromptOptions } from './prompts/read-prompt-node.ts'
import type { Runtime } from './runtime.ts'
import type { HeadScorer } from './scorers/head-scorer.ts'
import { HpScorer as Hp } from './scorers/hp-scorer.ts'
import { IctScorer as Ict } from './scorers/ict-scorer.ts'
import type { ScorerParts } from './scorers/load/load-scorer.ts'
import type { Scorer } from './scorers/scorer.ts'
import { type ScorerClass, scorerClass } from './scorers/scorer-class.ts'
import type { ScorerOptions } from './scorers/scorer-options.ts'
import type { TextScorer, TextScorerParts } from './scorers/text-scorer.ts'

export * from './core.ts'
export {
  type VerifiedPrecision,
  verifyModel,
  type VerifyOptions,
  type VerifyReport,
} from './evaluation/verify-model-node.ts'
export { createNodeDecoder, createNodeHub, OrtNodeBackend, readPrompt }
export type { NodeDecoderOptions, NodeHubOptions, NodeImageInput, OrtNodeOptions, ReadPromptOptions }

/** Options of `fromPretrained` in Node. A seam that is passed in stays the caller's: it is not disposed with the scorer. */
export interface NodeScorerOptions extends ScorerOptions {
  /** Default onnxruntime-node in a worker thread. */
  readonly backend?: InferenceBackend | undefined
  /** Default sharp where it is installed, else the wasm decoders. */
  readonly decoder?: ImageDecoder | undefined
  /** Default local folders, URLs and the Hugging Face hub with its cache. */
  readonly hub?: ModelHub | undefined
}

type NodeClass<S extends Scorer, Parts> = ScorerClass<S, Parts, string | URL | undefined, NodeScorerOptions>

/**
 * The class of a reward model with Node wired in. Without a source `fromPretrained` takes `$ICTHP_MODEL`, else what
 * `icthp pull` has left, else the demo model, and `info.notes` says so.
 */
export const nodeScorer: WireNode = <S extends Scorer, Parts extends ScorerParts>(
  Class: new (parts: Parts) => S,
  kind: RewardKind,
): NodeClass<S, Parts> =>
  scorerClass(Class, kind, (given: string | URL | undefined, options: NodeScorerOptions) => {
    const { source, notes } = given === undefined ? findDefaultModel() : { source: given, notes: [] }
    return { source, notes, ...nodeRuntime(options) }
  })

interface WireNode {
  (Class: typeof TextScorer, kind: TextKind): NodeClass<TextScorer, TextScorerParts>
  (Class: typeof HeadScorer, kind: HeadKind): NodeClass<HeadScorer, ScorerParts>
  <S extends Scorer, Parts extends ScorerParts>(
    Class: new (parts: Parts) => S,
    kind: RewardKind,
  ): NodeClass<S, Parts>
}

export type IctScorer = Ict
export const IctScorer: NodeClass<Ict, TextScorerParts> = nodeScorer(Ict<NodeImageInput>, ICT)
export type HpScorer = Hp
export const HpScorer: NodeClass<Hp, ScorerParts> = nodeScorer(Hp<NodeImageInput>, HP)

/** Options of {@link preprocess}. */
export interface NodePreprocessOptions extends DecodeOptions {
  /** Default CLIP's. */
  readonly config?: PreprocessConfig | undefined
  /** Default one for this call, on the calling thread. For many images make one and pass it. */
  readonly decoder?: ImageDecoder | undefined
}

/** An image as the towers see it: `pixel_values`, float32, 3 × size × size. Throws `ImageError`. */
export async function preprocess(
  image: NodeImageInput,
  options: NodePreprocessOptions = {},
): Promise<PixelValues> {
  checkObject(options, 'preprocess')
  const { config = CLIP_PREPROCESS, decoder: given, ...decode } = options
  if (given !== undefined && typeof (given as Partial<ImageDecoder> | null)?.crop !== 'function')
    throw new InputError('input_invalid_option', `decoder is ${show(given)}, which decodes nothing.`)
  const decoder = given ?? createNodeDecoder({ threads: 0 })
  try {
    return normalise(await decoder.crop(image, config, decode), config)
  } finally {
    if (!given) await decoder.dispose()
  }
}

function nodeRuntime(options: NodeScorerOptions): {
  runtime: Runtime
  owned: { dispose(): Promise<void> }[]
} {
  const owned: { dispose(): Promise<void> }[] = []
  const own = <T extends { dispose(): Promise<void> }>(part: T): T => {
    owned.push(part)
    return part
  }
  return {
    runtime: {
      backend: options.backend ?? own(new OrtNodeBackend()),
      decoder: options.decoder ?? own(createNodeDecoder()),
      hub: options.hub ?? createNodeHub(),
    },
    owned,
  }
}
