import { painter } from '../palette.ts'
import { unfilterRow } from './png-unfilter.ts'

export interface Region {
  readonly x: number
  readonly y: number
  readonly width: number
  readonly height: number
}

export interface PngHeader {
  readonly width: number
  readonly height: number
  readonly depth: number
  readonly colour: number
  readonly samples: 1 | 2 | 3 | 4
  readonly interlaced: boolean
  /** The part that the pixels are of, all but always the whole. */
  readonly region: Region
}

/** Takes in what inflates, in pieces of any length, and puts out gray or RGB of 8 bits, without alpha. */
export interface PngRows {
  /** Bytes of all rows with their filters. */
  readonly size: number
  readonly out: Uint8Array
  readonly channels: 1 | 3
  /** Returns whether all rows are there. Throws `ImageError` `image_unreadable`. */
  take(piece: Uint8Array): boolean
  /** Some rows are there, and none in part. */
  readonly clean: boolean
  /** Bytes of the last row. */
  readonly lastRow: number
  /** To be called first where not all pixels may come: those that lack are black, or of the palette's first colour. */
  blank(): void
}

export function pngRows(header: PngHeader, palette: Uint8Array): PngRows {
  const { width, height, depth, samples, colour, region } = header
  const bits = depth * samples
  const step = Math.max(1, bits >> 3)
  const bytesOf = (pass: Pass): number => 1 + Math.ceil((pass.width * bits) / 8)
  const passes = header.interlaced
    ? adam7(region.width, region.height)
    : [{ x: region.x, y: region.y, dx: 1, dy: 1, width: region.width, height: region.height }]
  const channels = colour === 3 || samples >= 3 ? 3 : 1
  const out = new Uint8Array(width * height * channels)
  const put = colour === 3 ? indexPutter(depth, palette) : samplePutter(header, channels)
  const longest = Math.max(...passes.map(bytesOf))
  let rows = [new Uint8Array(longest), new Uint8Array(longest)] as const
  let [number, y, filled] = [0, 0, 0]
  let some = false
  const take = (piece: Uint8Array): boolean => {
    let at = 0
    for (let pass = passes[number]; pass; pass = passes[number]) {
      const length = bytesOf(pass)
      const part = piece.subarray(at, at + length - filled)
      rows[0].set(part, filled)
      at += part.length
      filled += part.length
      if (filled < length) return false
      const row = rows[0].subarray(0, length)
      unfilterRow(row, rows[1], step)
      put(row, pass.width, out, ((pass.y + y * pass.dy) * width + pass.x) * channels, pass.dx * channels)
      rows = [rows[1], rows[0]]
      filled = 0
      some = true
      if (++y < pass.height) continue
      y = 0
      number++
      rows[1].fill(0)
    }
    return true
  }
  const size = passes.reduce((sum, pass) => sum + pass.height * bytesOf(pass), 0)
  return {
    size,
    out,
    channels,
    take,
    get clean() {
      return some && filled === 0
    },
    lastRow: bytesOf(passes.at(-1)!),
    blank() {
      if (colour !== 3 || palette.subarray(0, 3).every((value) => value === 0)) return
      out.set(palette.subarray(0, 3))
      for (let at = 3; at < out.length; at *= 2) out.copyWithin(at, 0, at)
    },
  }
}

interface Pass extends Region {
  readonly dx: number
  readonly dy: number
}

/** The seven passes of an interlaced picture that have pixels. */
function adam7(width: number, height: number): Pass[] {
  const passes: Pass[] = []
  for (const [x, y, dx, dy] of [
    [0, 0, 8, 8],
    [4, 0, 8, 8],
    [0, 4, 4, 8],
    [2, 0, 4, 4],
    [0, 2, 2, 4],
    [1, 0, 2, 2],
    [0, 1, 1, 2],
  ] as const) {
    const pass = { x, y, dx, dy, width: Math.ceil((width - x) / dx), height: Math.ceil((height - y) / dy) }
    if (pass.width > 0 && pass.height > 0) passes.push(pass)
  }
  return passes
}

/** Puts the pixels of a row, which begins behind its filter, to `to`, each `step` behind the one before. */
type PutRow = (row: Uint8Array, pixels: number, out: Uint8Array, to: number, step: number) => void

function indexPutter(depth: number, palette: Uint8Array): PutRow {
  const paint = painter(palette)
  const mask = (1 << depth) - 1
  return (row, pixels, out, to, step) => {
    if (depth === 8 && step === 3) return paint(row, 1, pixels, out, to)
    for (let x = 0, bit = 8; x < pixels; x++, to += step, bit += depth) {
      const index = ((row[bit >> 3]! >> (8 - depth - (bit & 7))) & mask) * 3
      out[to] = palette[index]!
      out[to + 1] = palette[index + 1]!
      out[to + 2] = palette[index + 2]!
    }
  }
}

function samplePutter({ depth, samples, colour }: PngHeader, channels: 1 | 3): PutRow {
  if (depth < 8) {
    const mask = (1 << depth) - 1
    const scale = 255 / mask
    return (row, pixels, out, to, step) => {
      for (let x = 0, bit = 8; x < pixels; x++, to += step, bit += depth)
        out[to] = ((row[bit >> 3]! >> (8 - depth - (bit & 7))) & mask) * scale
    }
  }
  if (depth === 16 && colour === 0) {
    return (row, pixels, out, to, step) => {
      for (let x = 0, i = 1; x < pixels; x++, to += step, i += 2) out[to] = row[i]! > 0 ? 255 : row[i + 1]!
    }
  }
  const sample = depth >> 3
  const pixel = samples * sample
  return (row, pixels, out, to, step) => {
    if (pixel === step && pixel === channels) out.set(row.subarray(1), to)
    else if (channels === 1) for (let x = 0, i = 1; x < pixels; x++, to += step, i += pixel) out[to] = row[i]!
    else {
      for (let x = 0, i = 1; x < pixels; x++, to += step, i += pixel) {
        out[to] = row[i]!
        out[to + 1] = row[i + sample]!
        out[to + 2] = row[i + sample * 2]!
      }
    }
  }
}
