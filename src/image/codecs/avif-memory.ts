import { STILL_MARK } from '../formats/avif/container/avif-still.ts'
import type { AvifPlanes, Plane } from '../formats/avif/pixels/avif-planes.ts'
import { half } from '../formats/avif/pixels/avif-planes.ts'

/*
 * The WebAssembly build of libavif (1.0.1, in @jsquash/avif 2.1.1) hands out RGB only. While it does, the picture with its
 * samples still lies in its memory, in a struct avifImage (avif.h), which the mark of avif-still.ts gives away.
 */

/** Offsets in avifImage, in 32-bit words. */
const WIDTH = 0
const HEIGHT = 1
const DEPTH = 2
const FORMAT = 3
const PLANES = 6
const ROW_BYTES = 9
const MARK = 19
const WORDS = 21

/** enum avifPixelFormat: 4:4:4, 4:2:2, 4:2:0, gray. */
const FORMATS: Readonly<Record<number, Pick<AvifPlanes, 'halfWidth' | 'halfHeight'>>> = {
  1: { halfWidth: false, halfHeight: false },
  2: { halfWidth: true, halfHeight: false },
  3: { halfWidth: true, halfHeight: true },
  4: { halfWidth: false, halfHeight: false },
}
const GRAY = 4

/** Copies the samples of the picture that is being handed out. `undefined` where none is found. */
export function findPlanes(memory: ArrayBuffer): AvifPlanes | undefined {
  const words = new Uint32Array(memory, 0, memory.byteLength >> 2)
  const [primaries, transfer, matrix] = STILL_MARK
  const mark = primaries + transfer * 65536
  for (let at = words.indexOf(mark, MARK); at >= 0; at = words.indexOf(mark, at + 1)) {
    if ((words[at + 1]! & 0xffff) !== matrix || at - MARK + WORDS > words.length) continue
    const planes = readPlanes(memory, words.subarray(at - MARK, at - MARK + WORDS))
    // Others are the remains of pictures past.
    if (planes) return planes
  }
  return undefined
}

function readPlanes(memory: ArrayBuffer, image: Uint32Array): AvifPlanes | undefined {
  const [width, height, depth, format] = [WIDTH, HEIGHT, DEPTH, FORMAT].map((word) => image[word]!) as [
    number,
    number,
    number,
    number,
  ]
  const halves = FORMATS[format]
  if (!halves || width === 0 || height === 0 || (depth !== 8 && depth !== 10 && depth !== 12))
    return undefined
  const bytes = depth > 8 ? 2 : 1
  const plane = (index: number, columns: number, rows: number): Plane | undefined => {
    const start = image[PLANES + index]!
    const stride = image[ROW_BYTES + index]!
    if (start === 0 || stride < columns * bytes || start + stride * rows > memory.byteLength) return undefined
    const out = depth > 8 ? new Uint16Array(columns * rows) : new Uint8Array(columns * rows)
    for (let y = 0; y < rows; y++) {
      const row =
        depth > 8
          ? new Uint16Array(memory, start + y * stride, columns)
          : new Uint8Array(memory, start + y * stride, columns)
      out.set(row, y * columns)
    }
    return out
  }
  const y = plane(0, width, height)
  const chromaWidth = half(width, halves.halfWidth)
  const chromaHeight = half(height, halves.halfHeight)
  const chroma = format === GRAY ? [] : [1, 2].map((index) => plane(index, chromaWidth, chromaHeight))
  if (!y || chroma.some((one) => !one)) return undefined
  return {
    width,
    height,
    depth,
    ...halves,
    y,
    chroma: format === GRAY ? undefined : (chroma as [Plane, Plane]),
  }
}
