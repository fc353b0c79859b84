import { KeptKernel, reserve } from '../../base/wasm/wasm-kernel.ts'
import type { RawImage } from '../raw-image.ts'
import { PRECISION_BITS, resampleWeights, type WeightTable } from './resample-weights.ts'
import { RESIZE_KERNEL } from './resize-kernel.ts'

/** A rectangle of the resized picture, in its pixels. */
export interface ResizeWindow {
  readonly left: number
  readonly top: number
  readonly width: number
  readonly height: number
}

/** `wasm` where the platform runs WebAssembly with SIMD, else `js`; both give the same bytes. */
export type ResizeEngine = 'wasm' | 'js'

/**
 * The pixels inside `window` of the picture resized to `outWidth` × `outHeight` as `Image.resize(…, BICUBIC)` of Pillow
 * does it, as RGB bytes; alpha is dropped. The horizontal pass comes first and is rounded to bytes, then the vertical one;
 * an axis of unchanged size is not resampled. Output pixels are independent, so only those in the window are computed.
 */
export function resizeWindow(
  image: RawImage,
  outWidth: number,
  outHeight: number,
  window: ResizeWindow,
  engine?: ResizeEngine,
): Uint8Array<ArrayBuffer> {
  const columns =
    outWidth === image.width ? undefined : resampleWeights(image.width, outWidth, window.left, window.width)
  const rows =
    outHeight === image.height
      ? undefined
      : resampleWeights(image.height, outHeight, window.top, window.height)
  const job: Job = {
    image,
    window,
    columns,
    rows,
    // The rectangle of the input that the window depends on.
    left: columns ? columns.from : window.left,
    width: columns ? columns.to - columns.from : window.width,
    top: rows ? rows.from : window.top,
    height: rows ? rows.to - rows.from : window.height,
  }
  const kernel = KERNEL.start(engine)
  return kernel ? resizeInWasm(job, kernel) : resizeInJs(job)
}

interface Job {
  readonly image: RawImage
  readonly window: ResizeWindow
  readonly columns: WeightTable | undefined
  readonly rows: WeightTable | undefined
  readonly left: number
  readonly top: number
  readonly width: number
  readonly height: number
}

interface Kernel {
  readonly memory: WebAssembly.Memory
  horizontal(
    src: number,
    srcStride: number,
    pixelBytes: number,
    rows: number,
    table: number,
    tableStride: number,
    count: number,
    dst: number,
    dstStride: number,
  ): void
  vertical(src: number, stride: number, table: number, tableStride: number, count: number, dst: number): void
}

const KERNEL = new KeptKernel<Kernel>(RESIZE_KERNEL)

/** Input rows are handed over in bands of about this many bytes, which stay in the cache. */
const BAND_BYTES = 1 << 18
const align = (bytes: number): number => (bytes + 31) & ~15

function resizeInWasm(job: Job, kernel: Kernel): Uint8Array<ArrayBuffer> {
  const { image, window, columns, rows, left, top, width, height } = job
  const stride = (window.width * 3 + 15) & ~15
  const pixelBytes = image.channels === 4 ? 4 : 3
  const bandRows = Math.max(1, Math.floor(BAND_BYTES / (width * pixelBytes)))
  const columnsAt = 0
  const rowsAt = columnsAt + align(columns ? columns.data.byteLength : 0)
  const middleAt = rowsAt + align(rows ? rows.data.byteLength : 0)
  const outAt = middleAt + align(height * stride)
  const bandAt = outAt + align(window.height * stride)
  const total = bandAt + align(bandRows * width * pixelBytes)
  const memory = new Uint8Array(reserve(kernel.memory, total))
  if (columns) new Int32Array(memory.buffer, columnsAt, columns.data.length).set(columns.data)
  if (rows) new Int32Array(memory.buffer, rowsAt, rows.data.length).set(rows.data)

  if (columns) {
    for (let y = 0; y < height; y += bandRows) {
      const count = Math.min(bandRows, height - y)
      copyPixels(image, left, top + y, width, count, memory, bandAt, width * pixelBytes, pixelBytes)
      kernel.horizontal(
        bandAt,
        width * pixelBytes,
        pixelBytes,
        count,
        columnsAt,
        columns.stride * 4,
        columns.count,
        middleAt + y * stride,
        stride,
      )
    }
  } else {
    copyPixels(image, left, top, width, height, memory, middleAt, stride, 3)
  }
  if (rows) kernel.vertical(middleAt, stride, rowsAt, rows.stride * 4, rows.count, outAt)

  const from = rows ? outAt : middleAt
  const rowBytes = window.width * 3
  if (stride === rowBytes) return memory.slice(from, from + rowBytes * window.height)
  const out = new Uint8Array(rowBytes * window.height)
  for (let y = 0; y < window.height; y++)
    out.set(memory.subarray(from + y * stride, from + y * stride + rowBytes), y * rowBytes)
  return out
}

/** The same arithmetic without WebAssembly. */
function resizeInJs(job: Job): Uint8Array<ArrayBuffer> {
  const { image, window, columns, rows, left, top, width, height } = job
  const half = 1 << (PRECISION_BITS - 1)
  const rowBytes = window.width * 3
  const source = new Uint8Array(width * height * 3)
  copyPixels(image, left, top, width, height, source, 0, width * 3, 3)
  let middle: Uint8Array | Uint8ClampedArray = source
  if (columns) {
    const { data, stride } = columns
    middle = new Uint8ClampedArray(height * rowBytes)
    for (let y = 0, out = 0; y < height; y++) {
      for (let entry = 0; entry < data.length; entry += stride, out += 3) {
        let p = (y * width + data[entry]!) * 3
        let r = half
        let g = half
        let b = half
        const end = entry + 2 + data[entry + 1]!
        for (let k = entry + 2; k < end; k++, p += 3) {
          const weight = data[k]!
          r = (r + Math.imul(source[p]!, weight)) | 0
          g = (g + Math.imul(source[p + 1]!, weight)) | 0
          b = (b + Math.imul(source[p + 2]!, weight)) | 0
        }
        middle[out] = r >> PRECISION_BITS
        middle[out + 1] = g >> PRECISION_BITS
        middle[out + 2] = b >> PRECISION_BITS
      }
    }
  }
  if (!rows) return new Uint8Array(middle)
  const result = new Uint8ClampedArray(window.height * rowBytes)
  const sums = new Int32Array(rowBytes)
  for (let y = 0; y < window.height; y++) {
    const entry = y * rows.stride
    sums.fill(half)
    for (let tap = 0; tap < rows.data[entry + 1]!; tap++) {
      const weight = rows.data[entry + 2 + tap]!
      const p = (rows.data[entry]! + tap) * rowBytes
      for (let x = 0; x < rowBytes; x++) sums[x] = (sums[x]! + Math.imul(middle[p + x]!, weight)) | 0
    }
    for (let x = 0; x < rowBytes; x++) result[y * rowBytes + x] = sums[x]! >> PRECISION_BITS
  }
  return new Uint8Array(result.buffer)
}

/** Copies a rectangle of `image` as RGB (or, `pixelBytes` 4, as it is) into `target` from `at` on. */
function copyPixels(
  image: RawImage,
  left: number,
  top: number,
  width: number,
  height: number,
  target: Uint8Array,
  at: number,
  targetStride: number,
  pixelBytes: 3 | 4,
): void {
  const { data, channels } = image
  const stride = image.width * channels
  for (let y = 0; y < height; y++) {
    const from = (top + y) * stride + left * channels
    const to = at + y * targetStride
    if (channels === pixelBytes) {
      target.set(data.subarray(from, from + width * channels), to)
    } else {
      const green = channels < 3 ? 0 : 1
      const blue = channels < 3 ? 0 : 2
      for (let x = 0, p = from, q = to; x < width; x++, p += channels, q += 3) {
        target[q] = data[p]!
        target[q + 1] = data[p + green]!
        target[q + 2] = data[p + blue]!
      }
    }
  }
}
