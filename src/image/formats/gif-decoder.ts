import { truncated, unreadable } from '../image-errors.ts'
import type { RawImage } from '../raw-image.ts'
import { ByteReader } from './byte-reader.ts'
import { unpackLzw } from './lzw.ts'
import { paletteOf } from './palette.ts'

/**
 * Decodes the first frame of a GIF as Pillow does: a frame that does not fill the canvas is laid on the transparent colour,
 * or on colour 0 where there is none. Throws `ImageError` `image_truncated`, `image_unreadable`.
 */
export function decodeGif(bytes: Uint8Array): RawImage {
  const reader = new ByteReader(bytes, () => truncated('GIF', 'it ends before its first picture does'))
  const frame = readFrame(reader)
  const { width, height, palette } = frame
  const canvas = new Uint8Array(width * height).fill(frame.transparent ?? 0)
  const codeSize = reader.u8(frame.dataAt)
  const indices = unpackIndices(
    joinBlocks(reader, frame.dataAt + 1),
    codeSize,
    frame.frameWidth * frame.frameHeight,
  )
  const order = frame.interlaced ? interlacedRows(frame.frameHeight) : undefined
  for (let y = 0; y < frame.frameHeight; y++) {
    const row = indices.subarray(y * frame.frameWidth, (y + 1) * frame.frameWidth)
    canvas.set(row, (frame.top + (order ? order[y]! : y)) * width + frame.left)
  }
  const data = new Uint8Array(width * height * 3)
  for (let i = 0, q = 0; i < canvas.length; i++, q += 3) {
    const p = canvas[i]! * 3
    data[q] = palette[p]!
    data[q + 1] = palette[p + 1]!
    data[q + 2] = palette[p + 2]!
  }
  return { data, width, height, channels: 3 }
}

/** The signature, in the first bytes as Latin-1. */
export const isGif = (head: string): boolean => /^GIF8[79]a/.test(head)

/** The canvas: the logical screen, grown where the first frame reaches over it. */
export function gifSize(reader: ByteReader): { width: number; height: number } {
  const { width, height } = readFrame(reader)
  return { width, height }
}

interface Frame {
  readonly width: number
  readonly height: number
  readonly left: number
  readonly top: number
  readonly frameWidth: number
  readonly frameHeight: number
  readonly interlaced: boolean
  readonly transparent: number | undefined
  /** 256 × RGB. */
  readonly palette: Uint8Array
  /** Where the LZW code size stands. */
  readonly dataAt: number
}

function readFrame(reader: ByteReader): Frame {
  const flags = reader.u8(10)
  let at = 13
  let palette = paletteOf(new Uint8Array())
  const readPalette = (size: number): void => {
    palette = paletteOf(reader.slice(at, 6 << size))
    at += 6 << size
  }
  if (flags & 128) readPalette(flags & 7)
  let transparent: number | undefined
  for (;;) {
    const kind = reader.u8(at++)
    if (kind === 0x3b) throw unreadable('GIF', 'there is no picture in it')
    if (kind === 0x21) {
      const label = reader.u8(at++)
      if (label === 0xf9 && reader.u8(at) >= 4 && reader.u8(at + 1) & 1) transparent = reader.u8(at + 4)
      while (reader.u8(at) > 0) at += 1 + reader.u8(at)
      at++
    } else if (kind === 0x2c) {
      const [left, top, frameWidth, frameHeight] = [0, 2, 4, 6].map((i) => reader.u16(at + i, true)) as [
        number,
        number,
        number,
        number,
      ]
      const local = reader.u8(at + 8)
      at += 9
      if (local & 128) readPalette(local & 7)
      return {
        width: Math.max(reader.u16(6, true), left + frameWidth),
        height: Math.max(reader.u16(8, true), top + frameHeight),
        left,
        top,
        frameWidth,
        frameHeight,
        interlaced: (local & 64) !== 0,
        transparent,
        palette,
        dataAt: at,
      }
    }
  }
}

/** The data blocks from `at` up to the empty one, joined. */
function joinBlocks(reader: ByteReader, at: number): Uint8Array {
  const out = new Uint8Array(reader.length - at)
  let length = 0
  // A file that ends within a block may still hold the whole picture.
  while (at < reader.length) {
    const size = reader.u8(at++)
    if (size === 0) break
    out.set(reader.bytes.subarray(at, at + size), length)
    length += Math.min(size, reader.length - at)
    at += size
  }
  return out.subarray(0, length)
}

function interlacedRows(height: number): Int32Array {
  const rows = new Int32Array(height)
  let i = 0
  for (const [first, step] of [
    [0, 8],
    [4, 8],
    [2, 4],
    [1, 2],
  ] as const)
    for (let y = first; y < height; y += step) rows[i++] = y
  return rows
}

/** GIF's LZW: low bits first. Throws unless it yields `size` indices. */
function unpackIndices(data: Uint8Array, codeSize: number, size: number): Uint8Array {
  if (codeSize < 1 || codeSize > 11) throw unreadable('GIF', `there is no code size ${codeSize}`)
  let buffer = 0
  let held = 0
  let at = 0
  const take = (width: number): number => {
    while (held < width) {
      if (at >= data.length) return -1
      buffer |= data[at++]! << held
      held += 8
    }
    const code = buffer & ((1 << width) - 1)
    buffer >>>= width
    held -= width
    return code
  }
  const damaged = (): Error => unreadable('GIF', 'its compressed data is damaged')
  const indices = unpackLzw({ clear: 1 << codeSize, early: 0, size, take, damaged })
  if (indices.length < size) throw truncated('GIF', `${size - indices.length} of ${size} pixels are missing`)
  return indices
}
