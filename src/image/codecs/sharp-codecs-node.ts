import type Sharp from 'sharp'
import type { SharpOptions } from 'sharp'
import { importPackage } from '../../worker/resolve-package-node.ts'
import { ByteReader } from '../formats/byte-reader.ts'
import { isOrdinaryJpeg } from '../formats/jpeg/headers/jpeg-layout.ts'
import { jpegFrame } from '../formats/jpeg/headers/jpeg-markers.ts'
import { decodeJpeg } from '../formats/jpeg/jpeg-decoder.ts'
import { truncated, unreadable } from '../image-errors.ts'
import type { RawImage } from '../raw-image.ts'
import type { ImageCodecs } from './image-codecs.ts'
import { createWasmCodecs } from './wasm-codecs.ts'
import { inflateNode, loadWasmNode } from './wasm-files-node.ts'

/**
 * Codecs on sharp, used to decode and for nothing else: its resize, shrink-on-load, rotation and colour management are left
 * off, and CMYK, which it would manage, is ours. `undefined` where sharp is not installed or does not load on this machine.
 */
export async function createSharpCodecs(): Promise<ImageCodecs | undefined> {
  const sharp = await loadSharp()
  if (!sharp) return undefined
  const wasm = createWasmCodecs(loadWasmNode, inflateNode)

  const decode = async (
    bytes: Uint8Array,
    format: string,
    failOn: SharpOptions['failOn'] = 'truncated',
  ): Promise<RawImage> => {
    const options: SharpOptions = { ignoreIcc: true, failOn, limitInputPixels: false }
    try {
      const { data, info } = await sharp(bytes, options)
        .raw({ depth: 'uchar' })
        .toBuffer({ resolveWithObject: true })
      return { data, width: info.width, height: info.height, channels: info.channels as RawImage['channels'] }
    } catch (cause) {
      const why = cause instanceof Error ? cause.message : String(cause)
      throw /premature end|truncated|unexpected end/i.test(why)
        ? truncated(format, firstLine(why), cause)
        : unreadable(format, firstLine(why), cause)
    }
  }
  return {
    name: `sharp ${sharp.versions.sharp ?? ''}`.trim(),
    inflate: inflateNode,
    jpeg: async (bytes) => {
      const reader = new ByteReader(bytes, () => truncated('JPEG', 'it has no frame header'))
      const { components } = jpegFrame(reader)
      if (components === 4 || !isOrdinaryJpeg(reader)) return decodeJpeg(bytes)
      // What libjpeg warns of is damage, and decoded as it is everywhere.
      return decode(bytes, 'JPEG', 'warning').catch(() => decodeJpeg(bytes))
    },
    webp: (bytes) => decode(bytes, 'WebP'),
    // libheif repeats chroma samples where Pillow's libavif interpolates, up to 70 levels away, and turns pictures.
    avif: (bytes) => wasm.avif(bytes),
  }
}

async function loadSharp(): Promise<typeof Sharp | undefined> {
  const module = await import(/* webpackIgnore: true */ 'sharp')
    .catch(() => importPackage('sharp'))
    .catch(() => undefined)
  return (module as { default: typeof Sharp } | undefined)?.default
}

const firstLine = (message: string): string => message.split('\n', 1)[0]!
