import { ImageError, InputError, show } from '../base/errors.ts'
import { sleep } from '../base/waiting/sleep.ts'
import type { DecodeOptions, ImageDecoder } from '../image/decoder.ts'
import type { CropSpec, ImageCrop, PreprocessConfig } from '../image/preprocess.ts'
import type { RgbImage } from '../image/raw-image.ts'
import type { FakeOptions } from './fake-options.ts'
import { hash32 } from './stable-hash.ts'

/** The smallest crop that holds a number, and values that let it be read back. */
export const FAKE_PREPROCESS: PreprocessConfig = { size: 2, mean: [0, 0, 0], std: [1, 1, 1] }

export interface SeenImage {
  readonly image: unknown
  /** Equal for images of equal content. */
  readonly digest: string
}

/** Takes anything for an image, and makes it a crop that holds its number in order of arrival. */
export class FakeDecoder implements ImageDecoder<unknown> {
  readonly name = 'fake'
  readonly #seen: SeenImage[] = []

  constructor(
    private readonly options: FakeOptions,
    private readonly decoded: unknown[],
  ) {}

  seen(number: number): SeenImage {
    const image = this.#seen[number]
    if (!image)
      throw new InputError(
        'input_invalid_option',
        'This crop or embedding comes from elsewhere: fakes only know what they made themselves.',
      )
    return image
  }

  async decode(image: unknown, options?: DecodeOptions): Promise<RgbImage> {
    const { data, size } = await this.crop(image, FAKE_PREPROCESS, options)
    return { data, width: size, height: size, channels: 3 }
  }

  async crop(image: unknown, { size }: CropSpec, { signal }: DecodeOptions = {}): Promise<ImageCrop> {
    await sleep(this.options.latency?.decode, signal)
    if (this.options.unreadable?.(image)) {
      throw new ImageError(
        'image_unreadable',
        `The image ${show(image)} cannot be read: the fake was told so.`,
        { image },
      )
    }
    const digest = await digestOf(image)
    const number = this.#seen.push({ image, digest }) - 1
    this.decoded.push(image)
    const data = new Uint8Array(size * size * 3)
    for (let byte = 0; byte < 4; byte++) data[3 * byte] = number >>> (8 * byte)
    return { data, size, width: size, height: size }
  }

  async dispose(): Promise<void> {}
}

async function digestOf(image: unknown): Promise<string> {
  if (typeof image === 'string') return image
  if (image instanceof URL) return image.href
  if (image instanceof Blob) return bytesDigest(new Uint8Array(await image.arrayBuffer()))
  if (image instanceof ArrayBuffer) return bytesDigest(new Uint8Array(image))
  if (ArrayBuffer.isView(image))
    return bytesDigest(new Uint8Array(image.buffer, image.byteOffset, image.byteLength))
  if (typeof image === 'object' && image !== null && 'data' in image && ArrayBuffer.isView(image.data)) {
    const { data, ...rest } = image
    return `${await digestOf(data)} ${textOf(rest)}`
  }
  return textOf(image)
}

function textOf(value: unknown): string {
  try {
    return JSON.stringify(value) ?? String(value)
  } catch {
    return show(value)
  }
}

const bytesDigest = (bytes: Uint8Array): string => `${bytes.length} ${hash32(bytes)}`
