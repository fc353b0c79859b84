import { KeptKernel } from '../../../../../base/wasm/wasm-kernel.ts'
import { ZSTD_KERNEL } from './zstd-kernel.ts'

/** What zstd-kernel/frame.as exports. All places are bytes of its memory. */
interface Kernel {
  readonly memory: WebAssembly.Memory
  start(): number
  unpack(at: number, end: number, out: number, size: number): number
}

const KERNEL = new KeptKernel<Kernel>(ZSTD_KERNEL)

/** How far the kernel reads before a stream and behind it, and writes behind its output: there also a block more than is asked. */
const SLACK = 64
const BLOCK_BYTES = 1 << 17

/**
 * Undoes Zstandard compression as libtiff does: one frame, of which no more is looked at than fills `out`. False where it is
 * damaged, by libzstd's rules, or ends before; what there was is in `out`. `engine` is for tests.
 */
export function unpackZstandard(
  data: Uint8Array,
  out: Uint8Array,
  _part?: unknown,
  engine?: 'js',
): boolean | Promise<boolean> {
  const kernel = KERNEL.start(engine)
  if (!kernel) return unpackWithoutWasm(data, out)
  const at = kernel.start() + SLACK
  const to = at + data.length + SLACK
  const memory = KERNEL.reserve(kernel, to + out.length + BLOCK_BYTES + SLACK)
  new Uint8Array(memory).set(data, at)
  const length = kernel.unpack(at, at + data.length, to, out.length)
  const there = length < 0 ? -1 - length : length
  out.set(new Uint8Array(memory, to, Math.min(out.length, there)))
  return length >= out.length
}

/** Less strict, and slower: where WebAssembly is not to be had. */
async function unpackWithoutWasm(data: Uint8Array, out: Uint8Array): Promise<boolean> {
  const { Decompress } = await import('fzstd')
  let length = 0
  const stream = new Decompress((chunk) => {
    const part = chunk.subarray(0, out.length - length)
    out.set(part, length)
    length += part.length
  })
  try {
    // In pieces, so that a bomb does not unfold.
    for (let at = 0; at < data.length && length < out.length; at += PIECE)
      stream.push(data.subarray(at, at + PIECE), at + PIECE >= data.length)
  } catch {
    // What is still to come is not asked for.
  }
  return length === out.length
}

const PIECE = 4096
