/**
 * icthp for Node: onnxruntime-node in a worker thread, sharp where it is installed, the Hugging Face cache.
 */
import type { InferenceBackend } from './backend/backend.ts'
import { OrtNodeBackend } from './backend/ort-node/ort-backend-node.ts'
import type { ModelHub } from './hub/hub.ts'
import { createNodeHub } from './hub/hub-node.ts'
import type { DecodeOptions, ImageDecoder, ImageInput } from './image/decoder.ts'
import { createNodeDecoder } from './image/decoder-node.ts'
import { CLIP_PREPROCESS, normalise, type PixelValues, type PreprocessConfig } from './image/preprocess.ts'
import { type DefaultModel, findDefaultModel } from './models/default-model-node.ts'
import { readPrompt, type ReadPromptOptions } from './prompts/read-prompt-node.ts'
import type { Runtime } from './runtime.ts'
import { HpScorer as CoreHpScorer, loadHp } from './scorers/hp-scorer.ts'
import { IctScorer as CoreIctScorer, loadIct } from './scorers/ict-scorer.ts'
import type { ScorerOptions } from './scorers/scorer-options.ts'

export * from './core.ts'
export {
  type VerifiedPrecision,
  verifyModel,
  type VerifyOptions,
  type VerifyReport,
} from './evaluation/verify-model-node.ts'
export { createNodeDecoder, createNodeHub, OrtNodeBackend, readPrompt, type ReadPromptOptions }

/** Options of `fromPretrained` in Node. A seam that is passed in stays the caller's: it is not disposed with the scorer. */
export interface NodeScorerOptions extends ScorerOptions {
  /** Default onnxruntime-node in a worker thread. */
  readonly backend?: InferenceBackend | undefined
  /** Default sharp where it is installed, else the wasm decoders. */
  readonly decoder?: ImageDecoder | undefined
  /** Default local folders, URLs and the Hugging Face hub with its cache. */
  readonly hub?: ModelHub | undefined
}

/** {@link CoreIctScorer} with Node wired in. */
export class IctScorer extends CoreIctScorer {
  /**
   * Loads ICT from a folder that `icthp convert` wrote, its URL, or a hub repository. Without a source:
   * `$ICTHP_MODEL`, else what `icthp pull` has left, else the demo model, and `info.notes` says so. Throws `ModelError`,
   * `DeviceError`, `DownloadError`.
   */
  static override async fromPretrained(
    source?: string | URL,
    options: NodeScorerOptions = {},
  ): Promise<IctScorer> {
    const { runtime, owned } = nodeRuntime(options)
    return disposeOnFailure(owned, async () => {
      const chosen = chooseModel(source)
      const parts = await loadIct(chosen.source, runtime, { ...options, notes: chosen.notes })
      return new IctScorer({ ...parts, owned: [...parts.owned, ...owned] })
    })
  }
}

/** {@link CoreHpScorer} with Node wired in. */
export class HpScorer extends CoreHpScorer {
  /**
   * Loads HP from a folder that `icthp convert` wrote, its URL, or a hub repository. Without a source:
   * `$ICTHP_MODEL`, else what `icthp pull` has left, else the demo model, and `info.notes` says so. Throws `ModelError`,
   * `DeviceError`, `DownloadError`.
   */
  static override async fromPretrained(
    source?: string | URL,
    options: NodeScorerOptions = {},
  ): Promise<HpScorer> {
    const { runtime, owned } = nodeRuntime(options)
    return disposeOnFailure(owned, async () => {
      const chosen = chooseModel(source)
      const parts = await loadHp(chosen.source, runtime, { ...options, notes: chosen.notes })
      return new HpScorer({ ...parts, owned: [...parts.owned, ...owned] })
    })
  }
}

/** An image as the towers see it: `pixel_values`, float32, 3 × size × size. Throws `ImageError`. */
export async function preprocess(
  image: ImageInput,
  options: DecodeOptions & { readonly config?: PreprocessConfig; readonly decoder?: ImageDecoder } = {},
): Promise<PixelValues> {
  const { config = CLIP_PREPROCESS, decoder: given, ...decode } = options
  const decoder = given ?? createNodeDecoder({ threads: 0 })
  try {
    return normalise(await decoder.crop(image, config, decode), config)
  } finally {
    if (!given) await decoder.dispose()
  }
}

const chooseModel = (
  source: string | URL | undefined,
): Pick<DefaultModel, 'notes'> & { readonly source: string | URL } =>
  source === undefined ? findDefaultModel() : { source, notes: [] }

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

async function disposeOnFailure<T>(
  owned: readonly { dispose(): Promise<void> }[],
  load: () => Promise<T>,
): Promise<T> {
  try {
    return await load()
  } catch (error) {
    await Promise.all(owned.map((part) => part.dispose()))
    throw error
  }
}
