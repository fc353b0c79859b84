import type { RawImage } from '../raw-image.ts'
import type { TiffLayout } from './tiff-decoder.ts'

/** Turns samples into bytes: gray, gray+alpha, RGB, RGBA, or CMYK as four channels. Alpha may be dropped. */
export function unpackTiffSamples(
  data: Uint8Array,
  layout: TiffLayout,
): Pick<RawImage, 'channels'> & { readonly data: Uint8Array } {
  const { width, height, bits, samples, photometric, extra } = layout
  const pixels = width * height
  if (photometric === 3) return { data: palette(data, layout), channels: 3 }
  if (photometric < 2 && samples === 1) {
    return { data: bits < 8 ? smallGray(data, layout) : gray(data, layout), channels: 1 }
  }
  const colours = photometric === 5 ? 4 : photometric === 2 ? 3 : 1
  const premultiplied = photometric === 2 && extra === 1
  const channels = (premultiplied ? 4 : colours) as 1 | 3 | 4
  const out = new Uint8Array(pixels * channels)
  const bytes = bits >> 3
  // Of 16 bits the high byte is kept.
  const high = bytes === 2 && layout.littleEndian ? 1 : 0
  const planar = layout.together < samples
  for (let c = 0; c < channels; c++) {
    let from = (planar ? c * pixels : c) * bytes + high
    const step = (planar ? 1 : samples) * bytes
    for (let i = 0, to = c; i < pixels; i++, from += step, to += channels) out[to] = data[from]!
  }
  if (premultiplied) divideByAlpha(out)
  return { data: out, channels }
}

/** 1, 2 and 4 bits, spread over 0…255; rows start on a byte. */
function smallGray(data: Uint8Array, { width, height, bits, photometric, rowBytes }: TiffLayout): Uint8Array {
  const out = new Uint8Array(width * height)
  const mask = (1 << bits) - 1
  const flip = photometric === 0 ? mask : 0
  for (let y = 0, i = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      const value = (data[y * rowBytes + ((x * bits) >> 3)]! >> (8 - bits - ((x * bits) & 7))) & mask
      out[i++] = ((value ^ flip) * 255) / mask
    }
  }
  return out
}

/** 8, 16 and 32 bits; what is wider than a byte is clipped at 0 and 255, and never inverted. */
function gray(data: Uint8Array, layout: TiffLayout): Uint8Array {
  const { bits, photometric, sampleFormat, littleEndian } = layout
  if (bits === 8) return photometric === 0 ? data.map((value) => 255 - value) : data
  const view = new DataView(data.buffer, data.byteOffset, data.byteLength)
  const out = new Uint8Array(layout.width * layout.height)
  // Past 2^31 bits a shift would go wrong.
  const bytes = bits / 8
  const read =
    sampleFormat === 3
      ? (at: number): number => view.getFloat32(at, littleEndian)
      : bits === 32
        ? (at: number): number => view.getInt32(at, littleEndian)
        : sampleFormat === 2
          ? (at: number): number => view.getInt16(at, littleEndian)
          : (at: number): number => view.getUint16(at, littleEndian)
  for (let i = 0; i < out.length; i++) out[i] = Math.max(0, Math.min(255, read(i * bytes)))
  return out
}

function palette(
  data: Uint8Array,
  { width, height, bits, together, rowBytes, colorMap }: TiffLayout,
): Uint8Array {
  const out = new Uint8Array(width * height * 3)
  const size = colorMap.length / 3
  const mask = (1 << bits) - 1
  const step = together * bits
  for (let y = 0, to = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      const index = (data[y * rowBytes + ((x * step) >> 3)]! >> (8 - bits - ((x * step) & 7))) & mask
      for (let c = 0; c < 3; c++) out[to++] = index < size ? colorMap[c * size + index]! >> 8 : 0
    }
  }
  return out
}

/** As Pillow unpacks `RGBa` (Unpack.c): colour · 255 / alpha, clipped; nothing where alpha is 0. */
function divideByAlpha(data: Uint8Array): void {
  for (let i = 0; i < data.length; i += 4) {
    const alpha = data[i + 3]!
    if (alpha === 255) continue
    for (let c = i; c < i + 3; c++)
      data[c] = alpha === 0 ? 0 : Math.min(255, Math.floor((data[c]! * 255) / alpha))
  }
}
