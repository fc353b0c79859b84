import { truncated, unreadable } from '../image-errors.ts'
import type { RawImage } from '../raw-image.ts'
import { ByteReader } from './byte-reader.ts'
import { unpackLzw } from './lzw/lzw.ts'
import { isGrayRamp, painter, paletteOf } from './palette.ts'

/**
 * Decodes the first frame of a GIF as Pillow does: a frame that does not fill the canvas is laid on the transparent colour,
 * or on colour 0 where there is none. Throws `ImageError` `image_truncated`, `image_unreadable`.
 */
export function decodeGif(bytes: Uint8Array): RawImage {
  const reader = new ByteReader(bytes, () => truncated('GIF', 'it ends before its first picture does'))
  const frame = readFrame(reader)
  const { width, height, palette } = frame
  const codeSize = reader.u8(frame.dataAt)
  const size = frame.frameWidth * frame.frameHeight
  const unpack = (past: boolean): Uint8Array =>
    unpackIndices(joinBlocks(reader, frame.dataAt + 1, past), codeSize, size)
  let indices = unpack(false)
  // Pillow goes on behind the empty block, taking what follows for blocks.
  if (indices.length < size) indices = unpack(true)
  if (indices.length < size) throw truncated('GIF', `${size - indices.length} of ${size} pixels are missing`)
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
  const readColours = (size: number): Uint8Array => {
    at += 6 << size
    return reader.slice(at - (6 << size), 6 << size)
  }
  let colours = flags & 128 ? readColours(flags & 7) : new Uint8Array()
  let transparent: number | undefined
  for (;;) {
    const kind = reader.u8(at++)
    if (kind === 0x3b) throw unreadable('GIF', 'there is no picture in it')
    if (kind === 0x21) {
      const label = reader.u8(at++)
      if (label === 0xf9) transparent = readControl(reader, at) ?? transparent
      at = skipExtension(reader, at, label)
    } else if (kind === 0x2c) {
      const [left, top, frameWidth, frameHeight] = [0, 2, 4, 6].map((i) => reader.u16(at + i, true)) as [
        number,
        number,
        number,
        number,
      ]
      const local = reader.u8(at + 8)
      at += 9
      if (local & 128) {
        const own = readColours(local & 7)
        // Colours of their own that are only grays in order do not replace those of the file.
        if (!isGrayRamp(own)) colours = own
      }
      if (frameWidth === 0 || frameHeight === 0) throw unreadable('GIF', 'its first picture has no pixels')
      return {
        width: Math.max(reader.u16(6, true), left + frameWidth),
        height: Math.max(reader.u16(8, true), top + frameHeight),
        left,
        top,
        frameWidth,
        frameHeight,
        interlaced: (local & 64) !== 0,
        transparent,
        palette: paletteOf(colours),
        dataAt: at,
      }
    }
  }
}

/** The transparent colour that a graphic control extension names, whose blocks begin at `at`. */
function readControl(reader: ByteReader, at: number): number | undefined {
  const size = reader.u8(at)
  if (size === 0) return undefined
  const clear = (reader.u8(at + 1) & 1) === 1
  if (size < (clear ? 4 : 3)) throw unreadable('GIF', 'it has a control block that is too short')
  return clear ? reader.u8(at + 4) : undefined
}

/** Behind the blocks of an extension. Where the first is empty, Pillow takes what follows for blocks of it, but in comments. */
function skipExtension(reader: ByteReader, at: number, label: number): number {
  const skip = (): number => {
    const size = reader.u8(at)
    at += 1 + size
    return size
  }
  const loops = label === 0xff && reader.u8(at) >= 11 && reader.text(at + 1, 11) === 'NETSCAPE2.0'
  if (skip() === 0 && label === 0xfe) return at
  if (loops) skip()
  while (skip() > 0);
  return at
}

/** The data blocks from `at` on, joined, up to the empty one or `past` it to the end of the file. One that is cut does not count. */
function joinBlocks(reader: ByteReader, at: number, past: boolean): Uint8Array {
  const out = new Uint8Array(reader.length - at)
  let length = 0
  while (at < reader.length) {
    const size = reader.u8(at++)
    if ((size === 0 && !past) || at + size > reader.length) break
    out.set(reader.bytes.subarray(at, at + size), length)
    length += size
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

/** GIF's LZW: low bits first. At most `size` indices. */
function unpackIndices(data: Uint8Array, codeSize: number, size: number): Uint8Array {
  if (codeSize > 11) throw unreadable('GIF', `there is no code size ${codeSize}`)
  const damaged = (): Error => unreadable('GIF', 'its compressed data is damaged')
  return unpackLzw(data, { clear: 1 << codeSize, early: 0, highFirst: false, size, damaged })
}
