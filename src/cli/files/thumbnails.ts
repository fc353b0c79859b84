import type { EncodeJpeg } from '../../image/codecs/jpeg-encoder-node.ts'
import type { ImageDecoder } from '../../image/decoder.ts'

export interface Thumbnail {
  /** The square that the models see. */
  readonly jpeg: Buffer
  /** Of the picture itself, in pixels. */
  readonly width: number
  readonly height: number
}

/** Keeps a small picture of every image that a run decodes, so that none is decoded twice. */
export class Thumbnails {
  readonly #seen = new Map<unknown, Thumbnail>()

  get(input: unknown): Thumbnail | undefined {
    return this.#seen.get(input)
  }

  /** The decoder, whose crops are kept as they come by. */
  readonly watch = (decoder: ImageDecoder): ImageDecoder => {
    let encoder: Promise<EncodeJpeg> | undefined
    return {
      get name() {
        return decoder.name
      },
      decode: (image, options) => decoder.decode(image, options),
      dispose: () => decoder.dispose(),
      crop: async (image, spec, options) => {
        const crop = await decoder.crop(image, spec, options)
        if (!this.#seen.has(image)) {
          encoder ??= import('../../image/codecs/jpeg-encoder-node.ts').then(({ createJpegEncoder }) =>
            createJpegEncoder(),
          )
          const { width, height } = crop
          this.#seen.set(image, { jpeg: Buffer.from((await encoder)(crop)), width, height })
        }
        return crop
      },
    }
  }
}
