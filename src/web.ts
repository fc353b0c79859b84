/**
 * icthp for browsers: onnxruntime-web and exact image decoders in a worker that comes along, models kept in the browser's
 * storage.
 */
import type { Device, InferenceBackend } from './backend/backend.ts'
import { OrtWebBackend } from './backend/ort-web/ort-backend-web.ts'
import { type BlobStore, MemoryStore } from './hub/browser/blob-store.ts'
import type { ModelHub } from './hub/hub.ts'
import { type CachedFile, clearCache, createWebHub, listCache, type WebHubOptions } from './hub/hub-web.ts'
import type { DecodeOptions, ImageDecoder } from './image/decoder.ts'
import { createWebDecoder, type WebDecoderOptions } from './image/decoder-web.ts'
import type { WebImageInput } from './image/image-input-web.ts'
import { CLIP_PREPROCESS, normalise, type PixelValues, type PreprocessConfig } from './image/preprocess.ts'
import { readPrompt, type ReadPromptOptions } from './prompts/read-prompt-web.ts'
import type { Runtime } from './runtime.ts'
import { HpScorer as CoreHpScorer, loadHp } from './scorers/hp-scorer.ts'
import { IctScorer as CoreIctScorer, loadIct } from './scorers/ict-scorer.ts'
import type { ScorerOptions } from './scorers/scorer-options.ts'
import { Engine, type EngineOptions } from './worker/worker-client-web.ts'
import type { WasmPaths } from './worker/worker-messages-web.ts'

export * from './core.ts'
export { clearCache, createWebDecoder, createWebHub, listCache, MemoryStore, OrtWebBackend, readPrompt }
export type {
  BlobStore,
  CachedFile,
  EngineOptions,
  ReadPromptOptions,
  WasmPaths,
  WebDecoderOptions,
  WebHubOptions,
  WebImageInput,
}

/**
 * Options of `fromPretrained` in browsers. A seam that is passed in stays the caller's: it is not disposed with the
 * scorer.
 */
export interface WebScorerOptions extends ScorerOptions, EngineOptions, WebHubOptions {
  /** Default `auto`: WebGPU where it works and is a GPU's, else WebAssembly. */
  readonly device?: Device | undefined
  /** Of WebAssembly, where the page is cross-origin isolated (else 1). Default: one a core. */
  readonly threads?: number | undefined
  /** Default onnxruntime-web in the worker. */
  readonly backend?: InferenceBackend | undefined
  /** Default the exact decoders in the worker. */
  readonly decoder?: ImageDecoder | undefined
  /** Default URLs and hub repositories, kept in `cache`. */
  readonly hub?: ModelHub | undefined
}

/** {@link CoreIctScorer} with the browser wired in. */
export class IctScorer extends CoreIctScorer {
  /**
   * Loads ICT from the URL (absolute, or relative to the page with a `./` or `/` in front) of a folder that `icthp convert`
   * wrote, or from a hub repository. Throws `ModelError`, `DeviceError`, `DownloadError`.
   */
  static override async fromPretrained(
    source: string | URL,
    options: WebScorerOptions = {},
  ): Promise<IctScorer> {
    const { runtime, engine } = webRuntime(options)
    try {
      const parts = await loadIct(source, runtime, options)
      return new IctScorer({ ...parts, owned: [...parts.owned, engine] })
    } catch (error) {
      await engine.dispose()
      throw error
    }
  }
}

/** {@link CoreHpScorer} with the browser wired in. */
export class HpScorer extends CoreHpScorer {
  /**
   * Loads HP from the URL (absolute, or relative to the page with a `./` or `/` in front) of a folder that `icthp convert`
   * wrote, or from a hub repository. Throws `ModelError`, `DeviceError`, `DownloadError`.
   */
  static override async fromPretrained(
    source: string | URL,
    options: WebScorerOptions = {},
  ): Promise<HpScorer> {
    const { runtime, engine } = webRuntime(options)
    try {
      const parts = await loadHp(source, runtime, options)
      return new HpScorer({ ...parts, owned: [...parts.owned, engine] })
    } catch (error) {
      await engine.dispose()
      throw error
    }
  }
}

/** Options of {@link preprocess}. */
export interface WebPreprocessOptions extends DecodeOptions, Pick<EngineOptions, 'worker'> {
  /** Default CLIP's. */
  readonly config?: PreprocessConfig | undefined
  /** Default one for this call, on the calling thread (`worker: true`: in a worker). For many images make one and pass it. */
  readonly decoder?: ImageDecoder | undefined
}

/** An image as the towers see it: `pixel_values`, float32, 3 × size × size. Throws `ImageError`. */
export async function preprocess(
  image: WebImageInput,
  options: WebPreprocessOptions = {},
): Promise<PixelValues> {
  const { config = CLIP_PREPROCESS, decoder: given, worker = false, ...decode } = options
  const decoder = given ?? createWebDecoder({ worker })
  try {
    return normalise(await decoder.crop(image, config, decode), config)
  } finally {
    if (!given) await decoder.dispose()
  }
}

/** One worker for both the decoder and the backend; it starts when it is first asked. */
function webRuntime(options: WebScorerOptions): { runtime: Runtime; engine: Engine } {
  const { worker, wasmPaths, threads, cache, fetch, endpoint } = options
  const engine = new Engine({ worker, wasmPaths, threads })
  return {
    runtime: {
      backend: options.backend ?? new OrtWebBackend(engine),
      decoder: options.decoder ?? createWebDecoder({ engine }),
      hub: options.hub ?? createWebHub({ cache, fetch, endpoint }),
    },
    engine,
  }
}
