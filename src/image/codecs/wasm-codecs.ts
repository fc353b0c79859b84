import { decodeAvif } from '../formats/avif-decoder.ts'
import { ByteReader } from '../formats/byte-reader.ts'
import { decodeJpeg } from '../formats/jpeg/jpeg-decoder.ts'
import { jpegLayout } from '../formats/jpeg/jpeg-layout.ts'
import { jpegFrame } from '../formats/jpeg/jpeg-markers.ts'
import { truncated, unreadable } from '../image-errors.ts'
import type { RawImage } from '../raw-image.ts'
import { createAvifCodec } from './avif-codec.ts'
import type { ImageCodecs, Inflate } from './image-codecs.ts'
import { instantiateCodec } from './instantiate-codec.ts'

/** Files of the jSquash packages, by the path under which npm has them. */
export const WASM_FILES = {
  jpeg: '@jsquash/jpeg/codec/dec/mozjpeg_dec.wasm',
  webp: '@jsquash/webp/codec/dec/webp_dec.wasm',
  avif: '@jsquash/avif/codec/dec/avif_dec.wasm',
} as const

/** AVIF's is worked in another way (avif-codec.ts). */
type CodecName = Exclude<keyof typeof WASM_FILES, 'avif'>

/** Brings a .wasm file: Node compiles it from disk, browsers from its URL. */
export type LoadWasm = (file: (typeof WASM_FILES)[keyof typeof WASM_FILES]) => Promise<WebAssembly.Module>

/**
 * Codecs without native modules, for Node and browsers: MozJPEG, libwebp and libavif in WebAssembly, loaded at first use, and
 * a JPEG decoder of our own for what MozJPEG does not decode exactly.
 */
export function createWasmCodecs(loadWasm: LoadWasm, inflate: Inflate): ImageCodecs {
  /** Whether the last picture of a codec was warned of. */
  const warned: Partial<Record<CodecName, boolean>> = {}
  const decoder = (
    name: CodecName,
    format: string,
  ): ((bytes: Uint8Array, ...args: unknown[]) => Promise<Decoded>) => {
    let module: Promise<CodecModule> | undefined
    return async (bytes, ...args) => {
      const { decode } = await (module ??= instantiate(name, loadWasm, () => (warned[name] = true)))
      warned[name] = false
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
  const jpeg = decoder('jpeg', 'JPEG')
  const webp = decoder('webp', 'WebP')
  const avifStill = createAvifCodec(() => loadWasm(WASM_FILES.avif))
  return {
    name: 'wasm',
    inflate,
    webp: async (bytes) => rgba(await webp(bytes)),
    avif: (bytes) => decodeAvif(bytes, avifStill),
    jpeg: async (bytes) => {
      const reader = new ByteReader(bytes, () => truncated('JPEG', 'it has no end marker'))
      const { components, halfRowsOnly, arithmetic } = jpegFrame(reader)
      // MozJPEG hands out RGB only, does not interpolate 4:4:0 as the libjpeg-turbo of today does, and was built without
      // arithmetic coding.
      if (components === 4 || halfRowsOnly || arithmetic) return decodeJpeg(bytes)
      const { ordinary, lacksScans } = jpegLayout(reader)
      // Nor does it make up for missing scans as the libjpeg-turbo of today does.
      if (!ordinary || lacksScans) return decodeJpeg(bytes)
      const image = await jpeg(bytes, false).catch(() => undefined)
      // What libjpeg warns of is damage, and decoded as it is everywhere.
      return image && !warned.jpeg ? rgba(image) : decodeJpeg(bytes)
    },
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
  jpeg: () => import('@jsquash/jpeg/codec/dec/mozjpeg_dec.js'),
  webp: () => import('@jsquash/webp/codec/dec/webp_dec.js'),
}

async function instantiate(name: CodecName, loadWasm: LoadWasm, onWarning: () => void): Promise<CodecModule> {
  const [glue, module] = await Promise.all([GLUE[name](), loadWasm(WASM_FILES[name])])
  return instantiateCodec<CodecModule>(glue.default, module, onWarning)
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
