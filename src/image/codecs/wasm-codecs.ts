import { decodeAvif } from '../formats/avif/avif-decoder.ts'
import { decodeJpeg } from '../formats/jpeg/jpeg-decoder.ts'
import { unreadable } from '../image-errors.ts'
import type { RawImage } from '../raw-image.ts'
import { createAvifCodec } from './avif-codec.ts'
import type { ImageCodecs, Inflate } from './image-codecs.ts'
import { instantiateCodec } from './instantiate-codec.ts'

/** Files of the jSquash packages, by the path under which npm has them. */
export const WASM_FILES = {
  webp: '@jsquash/webp/codec/dec/webp_dec.wasm',
  avif: '@jsquash/avif/codec/dec/avif_dec.wasm',
} as const

/** AVIF's is worked in another way (avif-codec.ts). */
type CodecName = Exclude<keyof typeof WASM_FILES, 'avif'>

/** Brings a .wasm file: Node compiles it from disk, browsers from its URL. */
export type LoadWasm = (file: (typeof WASM_FILES)[keyof typeof WASM_FILES]) => Promise<WebAssembly.Module>

/**
 * Codecs without native modules, for Node and browsers: libwebp and libavif in WebAssembly, loaded at first use, and a JPEG
 * decoder of our own, since those to be had as WebAssembly are of other pixels than Pillow's where data is damaged.
 */
export function createWasmCodecs(loadWasm: LoadWasm, inflate: Inflate): ImageCodecs {
  const decoder = (
    name: CodecName,
    format: string,
  ): ((bytes: Uint8Array, ...args: unknown[]) => Promise<Decoded>) => {
    let module: Promise<CodecModule> | undefined
    return async (bytes, ...args) => {
      const { decode } = await (module ??= instantiate(name, loadWasm))
      try {
        const image = withImageData(() => decode(bytes, ...args))
        if (image) return image
      } catch (cause) {
        // What a codec leaves behind when it throws is anyone's guess: start the next picture on a new one.
        module = undefined
        throw unreadable(format, 'the decoder gave up', cause instanceof Error ? cause : undefined)
      }
      throw unreadable(format, 'the decoder gave up')
    }
  }
  const webp = decoder('webp', 'WebP')
  const avifStill = createAvifCodec(() => loadWasm(WASM_FILES.avif))
  return {
    name: 'wasm',
    inflate,
    webp: async (bytes) => rgba(await webp(bytes)),
    avif: (bytes) => decodeAvif(bytes, avifStill),
    jpeg: async (bytes) => decodeJpeg(bytes),
  }
}

/** What a codec answers: ImageData. */
interface Decoded {
  readonly data: Uint8ClampedArray
  readonly width: number
  readonly height: number
}

const rgba = ({ data, width, height }: Decoded): RawImage => ({
  data,
  width,
  height,
  channels: 4,
})

interface CodecModule {
  readonly decode: (bytes: Uint8Array, ...args: unknown[]) => Decoded | null
}

const GLUE: Readonly<Record<CodecName, () => Promise<{ default: unknown }>>> = {
  webp: () => import('@jsquash/webp/codec/dec/webp_dec.js'),
}

async function instantiate(name: CodecName, loadWasm: LoadWasm): Promise<CodecModule> {
  const [glue, module] = await Promise.all([GLUE[name](), loadWasm(WASM_FILES[name])])
  return instantiateCodec<CodecModule>(glue.default, module)
}

/** The codecs answer with the browser's ImageData, which Node lacks: lends them a stand-in for the length of one call. */
function withImageData<T>(decode: () => T): T {
  if ('ImageData' in globalThis) return decode()
  const scope = globalThis as { ImageData?: unknown }
  scope.ImageData = class {
    constructor(
      readonly data: Uint8ClampedArray,
      readonly width: number,
      readonly height: number,
    ) {}
  }
  try {
    return decode()
  } finally {
    delete scope.ImageData
  }
}
