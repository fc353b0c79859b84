import type { JpegComponent, JpegPicture } from '../headers/jpeg-components.ts'
import { type JpegKernel, KernelRoom } from '../jpeg-engine.ts'
import { JOINERS, type JpegColour } from './colour.ts'
import { neighbour, rowReader, upsampling } from './upsample.ts'

/** Puts the planes of a picture together, row by row: `stored` gives as many channels as there are components, else three. */
export function joinPicture(picture: JpegPicture, colour: JpegColour): Uint8Array {
  const { width, height, components, kernel } = picture
  const channels = colour === 'stored' ? components.length : 3
  const out = new Uint8ClampedArray(width * height * channels)
  if (kernel && channels === 3) joinInWasm(picture, colour, out, kernel)
  else {
    const join = JOINERS[colour]
    const readers = components.map((component) => rowReader(component, picture))
    for (let y = 0; y < height; y++) {
      const rows = readers.map((read) => read(y))
      join(rows, out, y * width * channels, width)
    }
  }
  return new Uint8Array(out.buffer)
}

/** Pixels are handed over in bands of about this many bytes, which stay in the cache. */
const BAND_BYTES = 1 << 17

function joinInWasm(
  picture: JpegPicture,
  colour: JpegColour,
  out: Uint8ClampedArray,
  kernel: JpegKernel,
): void {
  const { width, height, components } = picture
  const room = new KernelRoom(kernel)
  const bandRows = Math.max(2, Math.min(height + 1, Math.floor(BAND_BYTES / (width * 3))) & ~1)
  const makers = components.map((component) => bandOf(component, picture, bandRows, room, kernel))
  const outAt = room.take(bandRows * width * 3)
  const memory = new Uint8Array(room.memory())
  const bands = makers.map((make) => make(memory))
  const [a, b, c, d] = bands as [Band, Band, Band, Band?]
  const ycc = colour === 'ycc' || colour === 'ycck'
  const inks = components.length === 4
  for (let top = 0; top < height; top += bandRows) {
    const bottom = Math.min(height, top + bandRows)
    for (const band of bands) band.load(top, bottom)
    for (let y = top; y < bottom; y++) {
      const to = outAt + (y - top) * width * 3
      kernel.join(ycc, inks, a.row(y), b.row(y), c.row(y), d ? d.row(y) : 0, to, width)
    }
    out.set(memory.subarray(outAt, outAt + (bottom - top) * width * 3), top * width * 3)
  }
}

/** Some rows of a component in the kernel's memory. */
interface Band {
  /** Brings what rows `top` to `bottom` of the picture need; `top` is even. */
  load(top: number, bottom: number): void
  /** Where a row of the picture's full width lies until the next is asked for. */
  row(y: number): number
}

/** Takes the room for a band, which is made when all room is taken. */
function bandOf(
  component: JpegComponent,
  picture: JpegPicture,
  bandRows: number,
  room: KernelRoom,
  kernel: JpegKernel,
): (memory: Uint8Array) => Band {
  const { plane, stride, width, height } = component
  const way = upsampling(component, picture)
  if (way === 'repeated') {
    const rowAt = room.take(picture.width)
    const read = rowReader(component, picture)
    return (memory) => ({
      load() {},
      row(y) {
        memory.set(read(y).subarray(0, picture.width), rowAt)
        return rowAt
      },
    })
  }
  const halved = way === 'halfDown' || way === 'halfBoth'
  const planeAt = room.take(stride * (halved ? bandRows / 2 + 2 : bandRows))
  const sums = room.take(2 * width + SUMS_SLACK)
  const wideAt = room.take(2 * width + SUMS_SLACK)
  return (memory) => {
    let first = 0
    const at = (row: number): number => planeAt + (row - first) * stride
    const far = (y: number): number => at(neighbour(y, height - 1))
    const rows: Readonly<Record<typeof way, (y: number) => number>> = {
      whole: at,
      halfAcross: (y) => (kernel.halfAcross(at(y), wideAt, width), wideAt),
      halfDown: (y) => (kernel.halfDown(at(y >> 1), far(y), y & 1 ? 2 : 1, wideAt, width), wideAt),
      halfBoth: (y) => (kernel.halfBoth(at(y >> 1), far(y), sums, wideAt, width), wideAt),
    }
    return {
      load(top, bottom) {
        first = halved ? Math.max(0, (top >> 1) - 1) : top
        const last = halved ? Math.min(height, ((bottom + 1) >> 1) + 1) : bottom
        memory.set(plane.subarray(first * stride, last * stride), planeAt)
      },
      row: rows[way],
    }
  }
}

const SUMS_SLACK = 48
