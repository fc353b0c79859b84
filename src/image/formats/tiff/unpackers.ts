/** How many channels of 8 bits a mode takes here: what is wider is clipped at once, as `convert("RGB")` would. */
export function channelsOf(mode: string): 1 | 3 | 4 {
  if (mode === 'RGBA' || mode === 'CMYK') return 4
  return mode === 'RGB' || mode === 'LAB' ? 3 : 1
}

/** Turns packed samples into channels, `pixels` at a time. */
export interface Unpacker {
  /** Of a packed pixel. */
  readonly bits: number
  readonly unpack: Unpack
}
type Unpack = (out: Uint8Array, to: number, data: Uint8Array, from: number, pixels: number) => void

/** Pillow's table of unpackers (`Unpack.c`), as far as TIFF files use it; `undefined` where it has none. */
export function findUnpacker(mode: string, raw: string): Unpacker | undefined {
  const band = BANDS[mode]?.indexOf(raw) ?? -1
  if (band >= 0) return { bits: 8, unpack: copyBand(band, channelsOf(mode)) }
  if (mode === '1' || mode === 'L' || mode === 'P') {
    const bits = /^[1LP](?:;(?:[124])?(?:I?R?))?$/.test(raw) ? smallBits(mode, raw) : undefined
    if (bits) return bits
  }
  const found = UNPACKERS[raw]
  return found && found.modes.includes(mode) ? found : undefined
}

/** The raw modes of one band. */
const BANDS: Readonly<Record<string, readonly string[]>> = {
  RGB: ['R', 'G', 'B'],
  RGBA: ['R', 'G', 'B', 'A'],
  CMYK: ['C', 'M', 'Y', 'K'],
  LAB: ['L', 'A', 'B'],
}

/** A band of samples that lie by themselves, of `bytes` each, of which the one at `high` is kept. */
export function copyBand(band: number, channels: number, bytes = 1, high = 0): Unpack {
  return (out, to, data, from, pixels) => {
    for (let i = 0, o = to + band, at = from + high; i < pixels; i++, o += channels, at += bytes)
      out[o] = data[at]!
  }
}

/** `1`, `L` and `P` of 1, 2, 4 and 8 bits; Pillow lacks some that its table of modes names. */
function smallBits(mode: string, raw: string): Unpacker | undefined {
  const [kind, options = ''] = raw.split(';')
  if (kind !== mode && !(mode === 'P' && raw === 'L')) return undefined
  const depth = /[124]/.exec(options)?.[0]
  const bits = Number(depth ?? (mode === '1' ? 1 : 8))
  const inverted = options.includes('I')
  const reversed = options.includes('R')
  if ((mode === 'P' && bits < 8 && reversed) || (bits === 8 && inverted && reversed)) return undefined
  if ((mode === '1') !== (bits === 1) && mode !== 'P') return undefined
  const flip = inverted ? 255 : 0
  // Indices of a palette are not spread over 0…255.
  const scale = mode === 'P' ? 1 : 255 / ((1 << bits) - 1)
  if (bits === 8 && !reversed && !inverted)
    return { bits, unpack: (out, to, data, from, pixels) => out.set(data.subarray(from, from + pixels), to) }
  return { bits, unpack: spreadBytes(bits, scale, flip, reversed) }
}

/** Pixels of less than a byte, by a table of what each byte holds. */
function spreadBytes(bits: number, scale: number, flip: number, reversed: boolean): Unpack {
  const perByte = 8 / bits
  const mask = (1 << bits) - 1
  const spread = Uint8Array.from({ length: 256 * perByte }, (_, i) => {
    const byte = Math.floor(i / perByte)
    const value = reversed ? reverseByte(byte) : byte
    return (((value >> (8 - bits - (i % perByte) * bits)) & mask) * scale) ^ flip
  })
  return (out, to, data, from, pixels) => {
    const end = to + pixels
    for (let at = from, i = to; i < end; at++) {
      let place = data[at]! * perByte
      for (const stop = Math.min(end, i + perByte); i < stop;) out[i++] = spread[place++]!
    }
  }
}

const reverseByte = (byte: number): number => {
  let value = ((byte & 0x55) << 1) | ((byte >> 1) & 0x55)
  value = ((value & 0x33) << 2) | ((value >> 2) & 0x33)
  return ((value & 15) << 4) | (value >> 4)
}

/** Pixels of `bytes`, of which the bytes at `places` become the channels. */
function pick(bytes: number, places: readonly number[], flip: readonly number[] = []): Unpack {
  const channels = places.length
  if (bytes === channels && flip.length === 0 && places.every((place, i) => place === i))
    return (out, to, data, from, pixels) => out.set(data.subarray(from, from + pixels * bytes), to)
  return (out, to, data, from, pixels) => {
    for (let c = 0; c < channels; c++) {
      const mask = flip[c] ?? 0
      for (let i = 0, o = to + c, at = from + places[c]!; i < pixels; i++, o += channels, at += bytes) {
        out[o] = data[at]! ^ mask
      }
    }
  }
}

/** Premultiplied alpha (`unpackRGBa`): colour · 255 / alpha, clipped; nothing where alpha is 0. */
function divide(bytes: number, places: readonly number[]): Unpack {
  const copy = pick(bytes, places)
  return (out, to, data, from, pixels) => {
    copy(out, to, data, from, pixels)
    divideByAlpha(out, to, pixels)
  }
}

export function divideByAlpha(out: Uint8Array, to: number, pixels: number): void {
  for (let i = to, end = to + pixels * 4; i < end; i += 4) {
    const alpha = out[i + 3]!
    if (alpha === 255) continue
    for (let c = i; c < i + 3; c++) {
      out[c] = alpha === 0 ? 0 : Math.min(255, Math.floor((out[c]! * 255) / alpha))
    }
  }
}

/** Samples wider than a byte, clipped at 0 and 255. */
function clip(bytes: number, read: (view: DataView, at: number) => number): Unpack {
  return (out, to, data, from, pixels) => {
    const view = new DataView(data.buffer, data.byteOffset, data.byteLength)
    for (let i = 0; i < pixels; i++) out[to + i] = Math.max(0, Math.min(255, read(view, from + i * bytes)))
  }
}

/** Two samples of 12 bits in three bytes. */
const twelveBits: Unpack = (out, to, data, from, pixels) => {
  for (let i = 0; i < pixels; i++) {
    const at = from + (i >> 1) * 3
    const value =
      i & 1 ? ((data[at + 1]! & 15) << 8) | data[at + 2]! : (data[at]! << 4) | (data[at + 1]! >> 4)
    out[to + i] = Math.min(255, value)
  }
}

interface NamedUnpacker extends Unpacker {
  readonly modes: readonly string[]
}

const GRAY16 = ['I;16', 'I;16B']
const gray = (mode: string | readonly string[], bits: number, unpack: Unpack): NamedUnpacker => ({
  modes: typeof mode === 'string' ? [mode] : mode,
  bits,
  unpack,
})
const low16 = clip(2, (view, at) => view.getUint16(at, true))

const UNPACKERS: Readonly<Record<string, NamedUnpacker>> = {
  LA: gray(['LA', 'PA'], 16, pick(2, [0])),
  PA: gray('PA', 16, pick(2, [0])),
  PX: gray('P', 16, pick(2, [0])),
  'I;12': gray('I;16', 12, twelveBits),
  'I;16': gray('I;16', 16, low16),
  'I;16N': gray(GRAY16, 16, low16),
  'I;16B': gray(
    GRAY16,
    16,
    clip(2, (view, at) => view.getUint16(at, false)),
  ),
  'I;16R': gray(
    'I;16',
    16,
    clip(2, (view, at) => reverseByte(view.getUint8(at)) | (reverseByte(view.getUint8(at + 1)) << 8)),
  ),
  'I;16S': gray(
    'I',
    16,
    clip(2, (view, at) => view.getInt16(at, true)),
  ),
  'I;16BS': gray(
    'I',
    16,
    clip(2, (view, at) => view.getInt16(at, false)),
  ),
  I: gray(
    'I',
    32,
    clip(4, (view, at) => view.getInt32(at, true)),
  ),
  'I;32N': gray(
    'I',
    32,
    clip(4, (view, at) => view.getInt32(at, true)),
  ),
  'I;32S': gray(
    'I',
    32,
    clip(4, (view, at) => view.getInt32(at, true)),
  ),
  'I;32BS': gray(
    'I',
    32,
    clip(4, (view, at) => view.getInt32(at, false)),
  ),
  F: gray(
    'F',
    32,
    clip(4, (view, at) => view.getFloat32(at, true)),
  ),
  'F;32F': gray(
    'F',
    32,
    clip(4, (view, at) => view.getFloat32(at, true)),
  ),
  'F;32BF': gray(
    'F',
    32,
    clip(4, (view, at) => view.getFloat32(at, false)),
  ),
  RGB: gray('RGB', 24, pick(3, [0, 1, 2])),
  'RGB;R': gray('RGB', 24, (out, to, data, from, pixels) => {
    for (let i = 0; i < pixels * 3; i++) out[to + i] = reverseByte(data[from + i]!)
  }),
  // Signed in the file: 128 is what lies in the middle.
  LAB: gray('LAB', 24, pick(3, [0, 1, 2], [0, 128, 128])),
  RGBX: gray('RGB', 32, pick(4, [0, 1, 2])),
  RGBXX: gray('RGB', 40, pick(5, [0, 1, 2])),
  RGBXXX: gray('RGB', 48, pick(6, [0, 1, 2])),
  RGBA: gray('RGBA', 32, pick(4, [0, 1, 2, 3])),
  RGBAX: gray('RGBA', 40, pick(5, [0, 1, 2, 3])),
  RGBAXX: gray('RGBA', 48, pick(6, [0, 1, 2, 3])),
  RGBa: gray('RGBA', 32, divide(4, [0, 1, 2, 3])),
  RGBaX: gray('RGBA', 40, divide(5, [0, 1, 2, 3])),
  RGBaXX: gray('RGBA', 48, divide(6, [0, 1, 2, 3])),
  CMYK: gray('CMYK', 32, pick(4, [0, 1, 2, 3])),
  CMYKX: gray('CMYK', 40, pick(5, [0, 1, 2, 3])),
  CMYKXX: gray('CMYK', 48, pick(6, [0, 1, 2, 3])),
  ...wide('RGB', 'RGB', 48, (high) => pick(6, [high, high + 2, high + 4])),
  ...wide('RGBX', 'RGB', 64, (high) => pick(8, [high, high + 2, high + 4])),
  ...wide('RGBA', 'RGBA', 64, (high) => pick(8, [high, high + 2, high + 4, high + 6])),
  ...wide('RGBa', 'RGBA', 64, (high) => divide(8, [high, high + 2, high + 4, high + 6])),
  ...wide('CMYK', 'CMYK', 64, (high) => pick(8, [high, high + 2, high + 4, high + 6])),
}

/** Of 16 bits the high byte is kept; `N` is the order of a little-endian machine. */
function wide(
  raw: string,
  mode: string,
  bits: number,
  unpack: (high: 0 | 1) => Unpack,
): Record<string, NamedUnpacker> {
  return {
    [`${raw};16L`]: gray(mode, bits, unpack(1)),
    [`${raw};16N`]: gray(mode, bits, unpack(1)),
    [`${raw};16B`]: gray(mode, bits, unpack(0)),
  }
}
