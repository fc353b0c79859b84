import { concatBytes } from '../../../../../base/bytes/concat-bytes.ts'
import { ImageError } from '../../../../../base/errors.ts'
import { truncated, unreadable } from '../../../../image-errors.ts'
import { decodeJpegPlanes, type JpegPlanes } from '../../../jpeg/pixels/decode-planes.ts'
import type { Libtiff } from '../../libtiff/libtiff-directory.ts'
import { EndOfStream, OldJpegBytes, type OldJpegPlace } from './old-jpeg-bytes.ts'
import {
  type OldJpegHeader,
  type OldJpegShape,
  readOldJpegHeader,
  readScan,
  sampledInStream,
} from './old-jpeg-header.ts'

/**
 * Old-style JPEG (compression 6) as libtiff reads it (`tif_ojpeg.c`): whatever there is of headers and tables, in the stream or
 * in tags, is put together to one JPEG for the whole picture, or for each of its planes, and strips or tiles are cut out of
 * that. Chroma comes in blocks, as YCbCr without compression does.
 */
export class OldJpeg {
  readonly #tif: Libtiff
  readonly #bytes: OldJpegBytes
  readonly #shape: OldJpegShape
  readonly #height: number
  #header: OldJpegHeader | undefined
  /** Where the data of each plane begins. */
  readonly #starts: OldJpegPlace[] = []
  readonly #planes: JpegPlanes[] = []

  /** Puts the sampling that the stream tells into `tif`. */
  constructor(file: Uint8Array, tif: Libtiff) {
    this.#tif = tif
    this.#bytes = new OldJpegBytes(file, tif)
    const { width, height, tiled, tileWidth, tileHeight, rowsPerStrip, samples, planar, photometric } = tif
    if (samples !== 1 && samples !== 3)
      throw unreadable('TIFF', `it has old-style JPEG of ${samples} samples`)
    tif.subsampling =
      samples === 3 && photometric === 6 ? sampledInStream(this.#bytes, tif.subsampling) : [1, 1]
    this.#height = Math.min(tiled ? tileHeight : rowsPerStrip, tiled ? Infinity : height)
    this.#shape = {
      width: tiled ? tileWidth : width,
      rows: tiled ? Math.ceil(height / tileHeight) * tileHeight : height,
      samples,
      perScan: planar ? 1 : samples,
      subsampling: tif.subsampling,
    }
  }

  /** Fills `out` with a strip or tile. False where the data ends before it, or is damaged. Throws where it cannot be begun. */
  unpack(index: number, out: Uint8Array): boolean {
    const { parts, planar, samples } = this.#tif
    const perPlane = planar ? parts / samples : parts
    const plane = Math.floor(index / perPlane)
    const jpeg = (this.#planes[plane] ??= this.#decode(plane))
    const strile = index % perPlane
    const there = this.#shape.perScan === 1 ? this.#rows(jpeg, strile, out) : this.#blocks(jpeg, strile, out)
    if (!there) out.fill(0)
    // What has failed once fails again when the next strip is looked for.
    if (!there && strile > this.#firstDamaged(jpeg)) throw cut()
    return there
  }

  #firstDamaged({ rows }: JpegPlanes): number {
    return Math.floor(rows / this.#height)
  }

  #decode(plane: number): JpegPlanes {
    try {
      const header = this.#readHeader(plane)
      this.#bytes.goTo(this.#starts[plane]!)
      return decodeJpegPlanes(compose(header, plane, this.#shape.perScan, this.#bytes.rest()))
    } catch (cause) {
      if (cause instanceof EndOfStream) throw cut()
      // Of a second plane libtiff makes nothing then, and goes on.
      if (plane > 0 && cause instanceof ImageError) throw cut()
      throw cause
    }
  }

  #readHeader(plane: number): OldJpegHeader {
    const { tiled, height, oldJpeg } = this.#tif
    const { subsampling, width, perScan } = this.#shape
    const [across, down] = subsampling
    let interval = oldJpeg.restartInterval
    if (this.#height < height) {
      const [h, v] = [across * 8, down * 8]
      if (![across, down].every((each) => [1, 2, 4].includes(each)) || this.#height % v !== 0)
        throw unreadable(
          'TIFF',
          `its ${tiled ? 'tiles' : 'strips'} of old-style JPEG are ${this.#height} rows high`,
        )
      interval = (Math.ceil(width / h) * (this.#height / v)) & 0xffff
    }
    if (!this.#header) {
      this.#bytes.goTo(new OldJpegBytes(this.#bytes.file, this.#tif).place)
      this.#header = readOldJpegHeader(this.#bytes, this.#shape, this.#tif, interval)
      this.#starts.push(this.#bytes.place)
    }
    while (this.#starts.length <= plane) {
      this.#bytes.goTo(this.#starts.at(-1)!)
      this.#toScan()
      readScan(this.#bytes, this.#header, perScan)
      this.#starts.push(this.#bytes.place)
    }
    return this.#header
  }

  #toScan(): void {
    for (;;) {
      if (this.#bytes.u8() !== 0xff) continue
      let marker = this.#bytes.u8()
      while (marker === 0xff) marker = this.#bytes.u8()
      if (marker === 0xda) return
    }
  }

  #rows({ picture, rows }: JpegPlanes, strile: number, out: Uint8Array): boolean {
    const { plane, stride } = picture.components[0]!
    const { width } = this.#shape
    const first = strile * this.#height
    const count = out.length / width
    for (let y = 0; y < count && first + y < picture.height; y++) {
      if (first + y >= rows) return false
      const from = (first + y) * stride
      out.set(plane.subarray(from, from + width), y * width)
    }
    return Number.isInteger(count)
  }

  #blocks({ picture, rows }: JpegPlanes, strile: number, out: Uint8Array): boolean {
    const [across, down] = this.#shape.subsampling
    const [luma, cb, cr] = picture.components as [Plane, Plane, Plane]
    const columns = Math.ceil(this.#shape.width / across)
    const line = columns * (across * down + 2)
    const count = out.length / line
    if (!Number.isInteger(count)) return false
    const firstUnit = strile * Math.ceil(Math.ceil(this.#height / down) / 8)
    for (let y = 0, to = 0; y < count; y++) {
      // Behind the last row of units libjpeg leaves the last as it was.
      const unit = Math.min(firstUnit + (y >> 3), picture.unitsDown - 1)
      const row = unit * 8 + (y & 7)
      if (unit * 8 * down >= rows) return false
      for (let x = 0; x < columns; x++) {
        for (let v = 0; v < down; v++) {
          const from = (row * down + v) * luma.stride + x * across
          for (let h = 0; h < across; h++) out[to++] = luma.plane[from + h]!
        }
        out[to++] = cb.plane[row * cb.stride + x]!
        out[to++] = cr.plane[row * cr.stride + x]!
      }
    }
    return true
  }
}

type Plane = JpegPlanes['picture']['components'][number]

const cut = (): Error => truncated('TIFF', 'its old-style JPEG ends before its pixels do, or is damaged')

/** The JPEG of a picture, or of one of its planes. */
function compose(
  { quant, dc, ac, restartInterval, frame, scan }: OldJpegHeader,
  plane: number,
  perScan: number,
  data: readonly Uint8Array[],
): Uint8Array {
  const { marker, width, height, components } = frame!
  const used = components.slice(plane, plane + perScan)
  const word = (value: number): [number, number] => [(value >> 8) & 255, value & 255]
  const sof = used.flatMap(({ id, sampling, quant }) => [id, sampling, quant])
  const sos = scan.slice(plane, plane + perScan).flatMap(({ id, tables }) => [id, tables])
  const segments = [
    Uint8Array.of(0xff, 0xd8),
    ...[
      ...[0, 1, 2, 3].map((i) => quant[i]),
      ...[0, 1, 2, 3].map((i) => dc[i]),
      ...[0, 1, 2, 3].map((i) => ac[i]),
    ],
    ...(restartInterval ? [Uint8Array.of(0xff, 0xdd, 0, 4, ...word(restartInterval))] : []),
    Uint8Array.of(0xff, marker, 0, 8 + perScan * 3, 8, ...word(height), ...word(width), perScan, ...sof),
    Uint8Array.of(0xff, 0xda, 0, 6 + perScan * 2, perScan, ...sos, 0, 63, 0),
    ...data,
  ].filter((part) => part !== undefined)
  return concatBytes(segments)
}
