import { unreadable, unsupported } from '../../image-errors.ts'
import type { ByteReader } from '../byte-reader.ts'

/** What the header says of its size; it is top-down where its height is below zero. The one of OS/2 has shorter numbers. */
export function bmpSize(reader: ByteReader): { width: number; height: number; topDown: boolean } {
  if (reader.u32(14, true) === OS2_HEADER)
    return { width: reader.u16(18, true), height: reader.u16(20, true), topDown: false }
  const height = reader.i32(22, true)
  return { width: reader.u32(18, true), height: Math.abs(height), topDown: height < 0 }
}

/** Bytes of the header of OS/2 1. */
const OS2_HEADER = 12
const RAW = 0
export const RLE8 = 1
export const RLE4 = 2
const BITFIELDS = 3

export interface BmpHeader {
  readonly width: number
  readonly height: number
  readonly topDown: boolean
  readonly bits: number
  /** Bits of an index as they are read, which is not always as they are written. */
  readonly depth: number
  readonly compression: number
  /** Of the pixels, in the file. */
  readonly offset: number
  /** 256 × RGB. */
  readonly palette: Uint8Array
  /** Red, green, blue. */
  readonly masks: readonly [number, number, number]
}

export function readBmpHeader(reader: ByteReader): BmpHeader {
  const size = reader.u32(14, true)
  const old = size === OS2_HEADER
  const { width, height, topDown } = bmpSize(reader)
  const bits = reader.u16(old ? 24 : 28, true)
  const compression = old ? RAW : reader.u32(30, true)
  const colours = (old ? 0 : reader.u32(46, true)) || 1 << Math.min(bits, 16)
  if (![1, 4, 8, 16, 24, 32].includes(bits))
    throw unsupported('BMP', `BMP of ${bits} bits a pixel`, 'Convert it to PNG first.')
  if (compression > BITFIELDS)
    throw unsupported('BMP', `BMP compression ${compression}`, 'Convert it to PNG first.')
  let at = 14 + size
  const masks = readMasks(reader, bits, compression, size)
  if (compression === BITFIELDS && size === 40) at += 12
  const entry = old ? 3 : 4
  let palette: Uint8Array = new Uint8Array()
  let depth = bits
  let blackAndWhite = false
  let offset = reader.u32(10, true)
  if (bits <= 8) {
    if (colours > 65536) throw unsupported('BMP', `BMP with ${colours} colours`, 'Convert it to PNG first.')
    const read = readColours(reader, at, entry, colours)
    if (read.gray) depth = colours === 2 ? 1 : 8
    blackAndWhite = read.gray && colours === 2
    palette = read.palette
    // Some writers leave the palette out of the offset.
    if (offset === 14 + size) offset += entry * colours
    at += entry * colours
  }
  const runs = compression === RLE8 || compression === RLE4
  if (runs && (bits > 8 || blackAndWhite))
    throw unreadable('BMP', `run-length coding does not go with its ${bits} bits a pixel`)
  return { width, height, topDown, bits, depth, compression, offset: offset || at, palette, masks }
}

/**
 * A palette of `colours`, as far as the file goes. One of grays that are their own indices, or black and white, Pillow takes for
 * none: two of them for a bit each, others for a byte.
 */
function readColours(
  reader: ByteReader,
  at: number,
  entry: number,
  colours: number,
): { gray: boolean; palette: Uint8Array } {
  const bytes = reader.bytes.subarray(at, at + colours * entry)
  const count = Math.floor(bytes.length / entry)
  const grayOf = (i: number): number => (colours === 2 ? i * 255 : i & 255)
  let gray = count === colours
  for (let i = 0; gray && i < count * entry; i++)
    gray = i % entry === 3 || bytes[i] === grayOf(Math.floor(i / entry))
  if (!gray && count > 256) throw unreadable('BMP', `its palette has ${count} colours`)
  const palette = new Uint8Array(768)
  for (let i = 0; i < Math.min(count, 256) * 3; i++)
    palette[i] = bytes[Math.floor(i / 3) * entry + 2 - (i % 3)]!
  if (gray && colours !== 2) for (let i = 0; i < 768; i++) palette[i] = Math.floor(i / 3)
  return { gray, palette }
}

/** The bit fields that Pillow takes; it refuses others. Those of 32 bits go with alpha's. */
const FIELDS: Readonly<Record<number, readonly (readonly [number, number, number, number?])[]>> = {
  16: [
    [0xf800, 0x7e0, 0x1f],
    [0x7c00, 0x3e0, 0x1f],
  ],
  24: [[0xff0000, 0xff00, 0xff]],
  32: [
    [0xff0000, 0xff00, 0xff, 0],
    [0xff0000, 0xff00, 0xff, 0xff000000],
    [0xff000000, 0xff0000, 0xff00, 0],
    [0xff000000, 0xff0000, 0xff00, 0xff],
    [0xff000000, 0xff00, 0xff, 0],
    [0xff000000, 0xff00, 0xff, 0xff0000],
    [0xff, 0xff00, 0xff0000, 0xff000000],
  ],
}

function readMasks(
  reader: ByteReader,
  bits: number,
  compression: number,
  size: number,
): readonly [number, number, number] {
  const usual: readonly [number, number, number] =
    bits === 16 ? [0x7c00, 0x3e0, 0x1f] : [0xff0000, 0xff00, 0xff]
  if (compression !== BITFIELDS) return usual
  const masks = [54, 58, 62].map((at) => reader.u32(at, true)) as [number, number, number]
  const alpha = size >= 56 ? reader.u32(66, true) : 0
  if (bits === 32 && [...masks, alpha].every((mask) => mask === 0)) return usual
  const known = FIELDS[bits]?.some((fields) => fields.every((mask, i) => mask === (masks[i] ?? alpha)))
  if (!known) {
    const hex = masks.map((mask) => mask.toString(16)).join(', ')
    throw unsupported('BMP', `BMP with the bit fields ${hex}`, 'Convert it to PNG first.')
  }
  return masks
}
