import { truncated, unreadable } from '../image-errors.ts'
import type { RawImage } from '../raw-image.ts'
import { ByteReader } from './byte-reader.ts'
import { unpackLzw } from './lzw.ts'
import { painter, paletteOf } from './palette.ts'

/**
 * Decodes the first frame of a GIF as Pillow does: a frame that does not fill the canvas is laid on the transparent colour,
 * or on colour 0 where there is none. Throws `ImageError` `image_truncated`, `image_unreadable`.
 */
export function decodeGif(bytes: Uint8Array): RawImage {
  const reader = new ByteReader(bytes, () => truncated('GIF', 'it ends before its first picture does'))
  const frame = readFrame(reader)
  const { width, height, palette } = frame
  const codeSize = reader.u8(frame.dataAt)
  const indices = unpackIndices(
    joinBlocks(reader, frame.dataAt + 1),
    codeSize,
    frame.frameWidth * frame.frameHeight,
  )
  const data = new Uint8Array(width * height * 3)
  painter(palette)(layOut(frame, indices), 0, width * height, data, 0)
  return { data, width, height, channels: 3 }
}

/** The indices of the whole canvas. */
function layOut(frame: Frame, indices: Uint8Array): Uint8Array {
  const { width, height, frameWidth, frameHeight, interlaced, left, top, transparent } = frame
  if (!interlaced && indices.length === width * height) return indices
  const canvas = new Uint8Array(width * height).fill(transparent ?? 0)
  const order = interlaced ? interlacedRows(frameHeight) : undefined
  for (let y = 0; y < frameHeight; y++) {
    const row = indices.subarray(y * frameWidth, (y + 1) * frameWidth)
    canvas.set(row, (top + (order ? order[y]! : y)) * width + left)
  }
  return canvas
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
  const damaged = (): Error => unreadable('GIF', 'its compressed data is damaged')
  const indices = unpackLzw(data, { clear: 1 << codeSize, early: 0, highFirst: false, size, damaged })
  if (indices.length < size) throw truncated('GIF', `${size - indices.length} of ${size} pixels are missing`)
  return indices
}
