import type { DecodeOptions } from '../../image/decoder.ts'
import type { ImageInput } from '../../image/inputs/image-input.ts'
import type { ImageCrop } from '../../image/preprocess.ts'
import { type EncodedImage, VisionEncoder } from '../../scorers/encode/vision-encoder.ts'
import type { Scorer } from '../../scorers/scorer.ts'
import type { EmbeddingCache } from '../cache/embedding-cache.ts'
import { SampleImage } from './sample-image.ts'

/** What is known of a crop beside its pixels. */
interface Known {
  /** The content's hash; undefined without a cache. */
  readonly hash: string
  readonly size: { readonly width: number; readonly height: number }
  readonly answers: ReadonlyMap<string, EncodedImage>
}

/** What the encoders of one run share. */
export class SampleEncoders {
  readonly encoders: readonly VisionEncoder[]
  readonly #known = new WeakMap<ImageCrop, Known>()
  /** All towers take crops of one size. */
  readonly #cropsOnce: boolean

  constructor(
    scorers: readonly Scorer[],
    private readonly cache?: EmbeddingCache | undefined,
  ) {
    this.encoders = scorers.map((scorer) => new SampleEncoder(scorer, this, cache))
    this.#cropsOnce = new Set(scorers.map(({ vision }) => vision.parts.preprocess.size)).size <= 1
  }

  /** The crop of an image, and its prompt; where every tower has answered before, it is not decoded. */
  async crop(
    image: SampleImage,
    size: number,
    decode: (source: ImageInput) => Promise<ImageCrop>,
    signal: AbortSignal | undefined,
  ): Promise<ImageCrop> {
    try {
      const hash = this.cache && this.cache.hash(await image.bytes(signal))
      await image.findPrompt(signal)
      const known = hash === undefined ? undefined : await this.cache!.find(hash)
      const whole = known && known.answers.size === this.encoders.length ? known : undefined
      const crop = whole
        ? { data: new Uint8Array(size * size * 3), size, ...whole.size }
        : await decode(await image.source(signal, this.#cropsOnce))
      if (hash !== undefined) {
        const { width, height } = crop
        this.#known.set(crop, { hash, size: { width, height }, answers: known?.answers ?? new Map() })
      }
      return crop
    } finally {
      image.forget()
    }
  }

  knownOf(crop: ImageCrop): Known | undefined {
    return this.#known.get(crop)
  }
}

/** A tower that runs what it has not seen before. */
class SampleEncoder extends VisionEncoder {
  readonly #kind: string

  constructor(
    scorer: Scorer,
    private readonly shared: SampleEncoders,
    private readonly cache: EmbeddingCache | undefined,
  ) {
    super(scorer.vision.parts)
    this.#kind = scorer.kind.name
  }

  override crop(image: ImageInput, options: DecodeOptions = {}): Promise<ImageCrop> {
    if (!(image instanceof SampleImage)) return super.crop(image, options)
    const decode = (source: ImageInput): Promise<ImageCrop> =>
      super.crop(source, { ...options, transfer: true })
    return this.shared.crop(image, this.parts.preprocess.size, decode, options.signal)
  }

  override async encode(crops: readonly ImageCrop[], signal?: AbortSignal): Promise<EncodedImage[]> {
    const { cache } = this
    if (!cache) return super.encode(crops, signal)
    const answers = crops.map((crop) => this.shared.knownOf(crop)?.answers.get(this.#kind))
    const news = crops.filter((_, i) => !answers[i])
    const encoded = news.length > 0 ? await super.encode(news, signal) : []
    await Promise.all(
      news.map((crop, i) => {
        const known = this.shared.knownOf(crop)
        return known && cache.keep(known.hash, this.#kind, known.size, encoded[i]!)
      }),
    )
    return answers.map((answer) => answer ?? encoded.shift()!)
  }
}
