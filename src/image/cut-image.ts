import type { ImageDecoder } from './decoder.ts'
import type { ImageInput } from './inputs/image-input.ts'
import type { RgbImage } from './raw-image.ts'

/** A rectangle of an image, in pixels: one picture of a grid. */
export class CutImage {
  constructor(
    readonly source: string,
    readonly left: number,
    readonly top: number,
    readonly width: number,
    readonly height: number,
  ) {}
}

/** A decoder that takes a {@link CutImage}, too; those of one image that come together decode it once. */
export function cuttingDecoder(decoder: ImageDecoder): ImageDecoder {
  let last: { readonly source: string; readonly whole: Promise<RgbImage> } | undefined
  const cut = async (image: CutImage, options: Parameters<ImageDecoder['decode']>[1]): Promise<RgbImage> => {
    if (last?.source !== image.source)
      last = { source: image.source, whole: decoder.decode(image.source, options) }
    return cutOut(await last.whole, image)
  }
  const opened = async (
    image: ImageInput,
    options: Parameters<ImageDecoder['decode']>[1],
  ): Promise<ImageInput> =>
    (image as unknown) instanceof CutImage ? cut(image as unknown as CutImage, options) : image
  return {
    get name() {
      return decoder.name
    },
    decode: async (image, options) => decoder.decode(await opened(image, options), options),
    crop: async (image, spec, options) => decoder.crop(await opened(image, options), spec, options),
    forget: (crop) => decoder.forget?.(crop),
    dispose: () => decoder.dispose(),
  }
}

function cutOut({ data, width: stride }: RgbImage, { left, top, width, height }: CutImage): RgbImage {
  const pixels = new Uint8Array(width * height * 3)
  for (let y = 0; y < height; y++) {
    const from = ((top + y) * stride + left) * 3
    pixels.set(data.subarray(from, from + width * 3), y * width * 3)
  }
  return { data: pixels, width, height, channels: 3 }
}
