import { KeptKernel, reserve } from '../../../base/wasm/wasm-kernel.ts'
import { JPEG_KERNEL } from './jpeg-kernel.ts'

/** `wasm` where the platform runs WebAssembly with SIMD, else `js`; both give the same bytes. */
export type JpegEngine = 'wasm' | 'js'

/** What jpeg-kernel/ exports. All places are bytes of its memory. */
export interface JpegKernel {
  readonly memory: WebAssembly.Memory
  inverse(blocks: number, count: number, quant: number, to: number, stride: number): void
  units(reader: number, parts: number, partCount: number, x: number, count: number): number
  smooth(
    blocks: number,
    count: number,
    dc: number,
    wide: number,
    specs: number,
    dcStep: number,
    alone: boolean,
  ): void
  halfBoth(near: number, far: number, sums: number, to: number, width: number): void
  halfAcross(near: number, to: number, width: number): void
  halfDown(near: number, far: number, bias: number, to: number, width: number): void
  join(
    ycc: boolean,
    inks: boolean,
    a: number,
    b: number,
    c: number,
    d: number,
    to: number,
    width: number,
  ): void
}

/** How far the kernel reads and writes past what it is asked for. */
const SLACK = 64

const KERNEL = new KeptKernel<JpegKernel>(JPEG_KERNEL)

/** `undefined` where the platform has no SIMD, or its policy forbids WebAssembly. */
export const jpegKernel = (engine?: JpegEngine): JpegKernel | undefined => KERNEL.start(engine)

/** Lays out the kernel's memory: places one behind the other, with slack around each. */
export class KernelRoom {
  readonly #kernel: JpegKernel
  #end = SLACK

  constructor(kernel: JpegKernel) {
    this.#kernel = kernel
  }

  /** So many bytes, from a multiple of 16 on. */
  take(bytes: number): number {
    const at = this.#end
    this.#end = (at + bytes + SLACK + 15) & ~15
    return at
  }

  /** The memory, to be asked for when all is taken: it may be another one then. */
  memory(): ArrayBuffer {
    return reserve(this.#kernel.memory, this.#end)
  }
}
