import type { ImageInput } from '../image/decoder.ts'
import { takeImages } from '../image/take-image.ts'
import type { Runtime } from '../runtime.ts'
import { checkOptions } from './check-options.ts'
import { sigmoid } from './embeddings.ts'
import type { Images } from './encode-stream.ts'
import { type LoadOptions, loadScorer, type ScorerParts } from './load-scorer.ts'
import { Scorer } from './scorer.ts'
import type { EncodeOptions, ScorerOptions, StreamOptions } from './scorer-options.ts'

/**
 * HP (High-Preference): how good an image looks, whatever it shows; no prompt. The score is
 * sigmoid(MLP(image embedding)), in (0, 1) (arXiv 2507.19002). Higher is better.
 */
export class HpScorer extends Scorer {
  /** From finished parts; `fromPretrained` loads them. */
  constructor(parts: ScorerParts) {
    super(parts)
  }

  /**
   * Loads HP from a folder that `icthp convert` wrote, its URL, or a hub repository.
   * Throws `ModelError`, `DeviceError`, `DownloadError`.
   */
  static async fromPretrained(
    source: string | URL,
    options: ScorerOptions & { readonly runtime: Runtime },
  ): Promise<HpScorer> {
    return new HpScorer(await loadHp(source, options.runtime, options))
  }

  /** Scores in (0, 1): a number for one image, an array for an array. Throws `ImageError`, `BackendError`. */
  score(images: readonly ImageInput[], options?: EncodeOptions): Promise<number[]>
  score(image: ImageInput, options?: EncodeOptions): Promise<number>
  async score(
    images: ImageInput | readonly ImageInput[],
    options: EncodeOptions = {},
  ): Promise<number | number[]> {
    const one = !Array.isArray(images)
    const scores = (await this.logits(one ? [images] : images, options)).map(sigmoid)
    return one ? scores[0]! : scores
  }

  /** What goes into the sigmoid: unbounded, one an image. */
  async logits(images: readonly ImageInput[], options: EncodeOptions = {}): Promise<number[]> {
    return (await this.encodeAll(images, options)).map(({ logit }) => logit!)
  }

  /** Scores images as they come, in order, with bounded memory. */
  scoreStream(
    images: Images,
    options: StreamOptions = {},
  ): AsyncGenerator<{ index: number; score: number; logit: number }> {
    checkOptions(options, 'scoreStream')
    return this.#scoreEach(takeImages(images), { ...options })
  }

  async *#scoreEach(
    images: Images,
    options: StreamOptions,
  ): AsyncGenerator<{ index: number; score: number; logit: number }> {
    for await (const { index, image } of this.encodeEach(images, options)) {
      yield { index, score: sigmoid(image.logit!), logit: image.logit! }
    }
  }

  /** Image embeddings as the tower gives them, not normalised: float32, one of `projectionDim` values an image. */
  async embedImages(images: readonly ImageInput[], options: EncodeOptions = {}): Promise<Float32Array[]> {
    return (await this.encodeAll(images, options)).map(({ embeds }) => embeds)
  }
}

export const loadHp = (source: string | URL, runtime: Runtime, options: LoadOptions): Promise<ScorerParts> =>
  loadScorer('hp', source, runtime, options, async () => undefined)
