import { concatBytes } from '../../base/bytes/concat-bytes.ts'
import type { Inflate } from '../../image/codecs/image-codecs.ts'
import { DEFAULT_MAX_PIXELS } from '../../image/decoder.ts'
import { pngChunks } from '../../image/formats/png/png-chunks.ts'
import { unfilterRow } from '../../image/formats/png/png-unfilter.ts'
import type { RawImage } from '../../image/raw-image.ts'
import { inflateText } from './inflate-text.ts'
import { latin1, utf8OrLatin1 } from './text-bytes.ts'

/** A text hidden in the lowest bits of a picture's alpha or colours. */
export interface StealthText {
  readonly text: string
  readonly channels: 'alpha' | 'RGB'
}

/** `stealth_pnginfo` and its like. */
const MARK_BYTES = 15
/** Rows that are enough to read the mark by: it runs down the first column, or down the first 40 pixels of it. */
const MARK_ROWS = MARK_BYTES * 8

type Bits = (index: number) => number

/**
 * The text in the pixels of a PNG: bit by bit down the columns, in alpha or in red, green and blue in turn. Only as many rows
 * are decoded as tell whether there is one.
 */
export async function readStealthPng(bytes: Uint8Array, inflate: Inflate): Promise<StealthText | undefined> {
  try {
    const top = await firstRows(bytes, inflate, MARK_ROWS)
    if (!top || !CHANNELS.some((channels) => markOf(top, channels))) return undefined
    const whole = await firstRows(bytes, inflate, Infinity)
    return whole && (await readStealth(whole))
  } catch {
    // Damaged pixels are the decoder's to tell of.
    return undefined
  }
}

/** The same of pixels that are decoded already; bits that a colour management or a scaling went over are gone. */
export async function readStealth(image: RawImage): Promise<StealthText | undefined> {
  for (const channels of CHANNELS) {
    const mark = markOf(image, channels)
    if (!mark) continue
    const { bits, count } = bitsOf(image, channels)
    const start = MARK_BYTES * 8 + 32
    const length = Math.floor(numberAt(bits, MARK_BYTES * 8) / 8)
    if (start + length * 8 > count) continue
    const data = bytesAt(bits, start, length)
    const text = mark.endsWith('comp') ? await inflateText(data, 'gzip') : data
    if (typeof text !== 'string') return { text: utf8OrLatin1(text), channels }
  }
  return undefined
}

/** Samples a pixel, by PNG's colour type: RGB, and RGB with alpha. */
const SAMPLES: Readonly<Record<number, 3 | 4>> = { 2: 3, 6: 4 }
const CHANNELS = ['alpha', 'RGB'] as const
const MARKS = {
  alpha: ['stealth_pnginfo', 'stealth_pngcomp'],
  RGB: ['stealth_rgbinfo', 'stealth_rgbcomp'],
} as const

function markOf(image: RawImage, channels: (typeof CHANNELS)[number]): string | undefined {
  if (image.channels < 3 || (channels === 'alpha' && image.channels !== 4)) return undefined
  const { bits, count } = bitsOf(image, channels)
  if (count < MARK_BYTES * 8 + 32) return undefined
  const mark = latin1(bytesAt(bits, 0, MARK_BYTES))
  return (MARKS[channels] as readonly string[]).includes(mark) ? mark : undefined
}

function bitsOf(
  { data, width, height, channels: step }: RawImage,
  channels: (typeof CHANNELS)[number],
): { bits: Bits; count: number } {
  const place = (pixel: number): number => ((pixel % height) * width + Math.floor(pixel / height)) * step
  if (channels === 'alpha') return { bits: (index) => data[place(index) + 3]! & 1, count: width * height }
  return {
    bits: (index) => data[place(Math.floor(index / 3)) + (index % 3)]! & 1,
    count: width * height * 3,
  }
}

function bytesAt(bits: Bits, start: number, length: number): Uint8Array {
  const out = new Uint8Array(length)
  for (let i = 0; i < length * 8; i++) out[i >> 3] = (out[i >> 3]! << 1) | bits(start + i)
  return out
}

function numberAt(bits: Bits, start: number): number {
  const [a, b, c, d] = bytesAt(bits, start, 4)
  return ((a! * 256 + b!) * 256 + c!) * 256 + d!
}

/** The first rows of a PNG of 8-bit colour; undefined for any other, in whose bits nobody hides anything. */
async function firstRows(bytes: Uint8Array, inflate: Inflate, rows: number): Promise<RawImage | undefined> {
  let header: Uint8Array | undefined
  const idat: Uint8Array[] = []
  let size = 0
  for (const { type, body, cut } of pngChunks(bytes)) {
    if (cut || type === 'IEND') break
    if (type === 'IHDR' && body.length >= 13) header = body
    else if (type === 'IDAT') {
      idat.push(body)
      size += body.length
    }
  }
  if (!header || size === 0) return undefined
  const view = new DataView(header.buffer, header.byteOffset, header.byteLength)
  const [width, whole] = [view.getUint32(0), view.getUint32(4)]
  const samples = SAMPLES[header[9]!]
  if (samples === undefined || header[8] !== 8 || header[12] !== 0 || width * whole > DEFAULT_MAX_PIXELS)
    return undefined
  const height = Math.min(whole, rows)
  const row = width * samples
  const data = await inflate(concatBytes(idat), height * (row + 1))
  if (data.length < height * (row + 1)) return undefined
  // With fewer rows the columns are shorter than they are: only the first is read, unless all rows are here.
  const image = { data: unfilterRows(data, height, row, samples), width, height, channels: samples } as const
  return whole === height ? image : firstColumn(image)
}

function unfilterRows(data: Uint8Array, height: number, row: number, step: number): Uint8Array {
  const out = new Uint8Array(height * row)
  let above: Uint8Array = new Uint8Array(row + 1)
  for (let y = 0; y < height; y++) {
    const line = data.subarray(y * (row + 1), (y + 1) * (row + 1))
    unfilterRow(line, above, step)
    out.set(line.subarray(1), y * row)
    above = line
  }
  return out
}

/** Room for what follows the mark, which is not looked at here. */
function firstColumn({ data, width, height, channels }: RawImage): RawImage {
  const out = new Uint8Array(3 * height * channels)
  for (let y = 0; y < height; y++) {
    for (let c = 0; c < channels; c++) out[y * 3 * channels + c] = data[y * width * channels + c]!
  }
  return { data: out, width: 3, height, channels }
}
