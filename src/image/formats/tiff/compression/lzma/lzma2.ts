import { KeptKernel } from '../../../../../base/wasm/wasm-kernel.ts'
import { LZMA_KERNEL } from './lzma-kernel.ts'
import { Lzma2, type Lzma2Run } from './lzma2-js.ts'

/** What lzma-kernel.as exports. All places are bytes of its memory. */
interface Kernel {
  readonly memory: WebAssembly.Memory
  start(): number
  unpack(at: number, end: number, out: number, size: number): number
  behind(): number
  ended(): number
}

const KERNEL = new KeptKernel<Kernel>(LZMA_KERNEL)

/** How far the kernel reads behind its input, and writes behind its output. */
const SLACK = 64

/**
 * Unpacks LZMA2 from `at` on into `out`; stops at the end mark, where `out` is full, and at damage. `engine` is for tests: both
 * give the same bytes.
 */
export function unpackLzma2(data: Uint8Array, at: number, out: Uint8Array, engine?: 'js'): Lzma2Run {
  const kernel = KERNEL.start(engine)
  if (!kernel) return new Lzma2(data, at, out).run()
  const from = kernel.start()
  const end = from + data.length - at
  const to = end + SLACK
  const memory = KERNEL.reserve(kernel, to + out.length + SLACK)
  new Uint8Array(memory).set(data.subarray(at), from)
  const length = kernel.unpack(from, end, to, out.length)
  out.set(new Uint8Array(memory, to, length))
  return { length, at: at + kernel.behind() - from, ended: kernel.ended() !== 0 }
}
