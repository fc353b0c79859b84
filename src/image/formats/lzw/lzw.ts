import { KeptKernel } from '../../../base/wasm/wasm-kernel.ts'
import { LZW_KERNEL } from './lzw-kernel.ts'

export interface LzwOptions {
  /** The code that empties the table. The next one ends the data, those below stand for themselves. */
  readonly clear: number
  /** How many entries before a width is used up codes get wider: 1 in TIFF. */
  readonly early: 0 | 1
  /** Codes begin with the highest bit of a byte, as in TIFF, or with the lowest, as in GIF. */
  readonly highFirst: boolean
  /** Bytes at most. */
  readonly size: number
  /** What becomes of a code that cannot be there: the error to throw, or `stop` for what came before it. */
  readonly damaged: (() => Error) | 'stop'
}

/**
 * LZW of codes of up to 12 bits, as GIF and TIFF have it. Returns what there is, at most `size` bytes.
 * `engine` is for tests: both give the same bytes.
 */
export function unpackLzw(data: Uint8Array, options: LzwOptions, engine?: 'js'): Uint8Array {
  const kernel = KERNEL.start(engine)
  return kernel ? unpackInWasm(data, options, kernel) : unpackInJs(data, options)
}

interface Kernel {
  readonly memory: WebAssembly.Memory
  unpack(
    at: number,
    end: number,
    out: number,
    size: number,
    clear: number,
    early: number,
    highFirst: boolean,
  ): number
}

const KERNEL = new KeptKernel<Kernel>(LZW_KERNEL)

/** Its table comes first. */
const TABLE_BYTES = 4096 * 8

function unpackInWasm(data: Uint8Array, options: LzwOptions, kernel: Kernel): Uint8Array {
  const { clear, early, highFirst, size, damaged } = options
  const out = TABLE_BYTES + data.length
  const memory = KERNEL.reserve(kernel, out + size + 8)
  new Uint8Array(memory).set(data, TABLE_BYTES)
  const length = kernel.unpack(TABLE_BYTES, out, out, size, clear, early, highFirst)
  if (length < 0 && damaged !== 'stop') throw damaged()
  return new Uint8Array(memory, out, length < 0 ? -1 - length : length).slice()
}

/** The same without WebAssembly. */
function unpackInJs(data: Uint8Array, options: LzwOptions): Uint8Array {
  const { clear, early, highFirst, size, damaged } = options
  const out = new Uint8Array(size)
  // An entry is a run of the output: where it starts and how long it is, so that nothing has to be turned round.
  const starts = new Int32Array(4096)
  const lengths = new Int32Array(4096)
  const firstWidth = 32 - Math.clz32(clear)
  const end = data.length
  let [buffer, held, at] = [0, 0, 0]
  let next = clear + 2
  let width = firstWidth
  let previousAt = 0
  /** Of the run before; 0 where there is none since the table was emptied. */
  let previous = 0
  let length = 0
  while (length < size) {
    while (held < width && at < end) {
      if (highFirst) buffer = (buffer << 8) | data[at++]!
      else buffer |= data[at++]! << held
      held += 8
    }
    if (held < width) break
    held -= width
    const code = (highFirst ? buffer >>> held : buffer) & ((1 << width) - 1)
    if (!highFirst) buffer >>>= width
    if (code === clear + 1) break
    if (code === clear) {
      next = clear + 2
      width = firstWidth
      previous = 0
      continue
    }
    if (code > next || (code === next && previous === 0)) {
      if (damaged === 'stop') break
      throw damaged()
    }
    if (previous > 0 && next < 4096) {
      // The previous run and the first byte of this one; they stand next to each other in the output.
      starts[next] = previousAt
      lengths[next] = previous + 1
      next++
      if (next === (1 << width) - early && width < 12) width++
    }
    previousAt = length
    if (code < clear) {
      out[length++] = code
      previous = 1
    } else {
      previous = lengths[code]!
      let from = starts[code]!
      const stop = Math.min(size, length + previous)
      while (length < stop) out[length++] = out[from++]!
    }
  }
  return out.subarray(0, length)
}
