import type { ImageCrop } from '../preprocess.ts'
import { instantiateCodec } from './instantiate-codec.ts'
import { loadWasmNode } from './wasm-files-node.ts'

/** Far from visible loss on a picture of a few hundred pixels, at about a tenth of what PNG takes. */
const QUALITY = 85

/** A crop as a JPEG file. */
export type EncodeJpeg = (crop: ImageCrop) => Uint8Array

interface Encoder {
  encode(rgba: Uint8ClampedArray, width: number, height: number, options: object): Uint8Array
}

/** MozJPEG in WebAssembly, of the package that decodes JPEG: no native module is needed. */
export async function createJpegEncoder(): Promise<EncodeJpeg> {
  const [{ default: glue }, { defaultOptions }, module] = await Promise.all([
    import('@jsquash/jpeg/codec/enc/mozjpeg_enc.js'),
    import('@jsquash/jpeg/meta.js'),
    loadWasmNode('@jsquash/jpeg/codec/enc/mozjpeg_enc.wasm'),
  ])
  const encoder = await instantiateCodec<Encoder>(glue, module)
  const options = { ...defaultOptions, quality: QUALITY }
  return ({ data, size }) => {
    const rgba = new Uint8ClampedArray(size * size * 4)
    for (let i = 0, p = 0; p < rgba.length; i += 3, p += 4) {
      rgba[p] = data[i]!
      rgba[p + 1] = data[i + 1]!
      rgba[p + 2] = data[i + 2]!
      rgba[p + 3] = 255
    }
    // Copied, since what the encoder hands out lies in its memory.
    return encoder.encode(rgba, size, size, options).slice()
  }
}
