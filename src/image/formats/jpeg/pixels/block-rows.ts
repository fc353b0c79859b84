import type { JpegComponent } from '../headers/jpeg-components.ts'
import type { ScanHeader } from '../headers/scan-header.ts'
import { type JpegKernel, KernelRoom } from '../jpeg-engine.ts'
import type { UnitsDone } from '../scans/walk-scan.ts'
import { inverseDct } from './inverse-dct.ts'

/** The blocks of a component from which a row of units, or of blocks, is made; they are turned into samples together. */
export interface BlockRows {
  /** Rows of as many blocks as the plane is wide, of 64 coefficients each, in natural order. All are 0 but what was put in. */
  readonly blocks: Int16Array
  /** Where they lie in the kernel's memory. */
  readonly at: number
  /** Turns the blocks of columns `from` to `to` of all rows into the samples of unit row `y`, and leaves zeros. */
  transform(y: number, from: number, to: number): void
}

/** What is asked for a component, which knows its quantisation: how many rows of blocks are taken at once. */
export interface BlockRowsSpec {
  readonly component: JpegComponent
  readonly rows: number
}

/** Those for several components, in the last room that is taken in the kernel's memory. */
export function makeBlockRows(
  specs: readonly BlockRowsSpec[],
  kernel: JpegKernel | undefined,
  room: KernelRoom | undefined = kernel && new KernelRoom(kernel),
): readonly BlockRows[] {
  if (!kernel || !room) return specs.map(inJs)
  const places = specs.map(({ component: { stride }, rows }) => ({
    quant: room.take(128),
    blocks: room.take(rows * stride * 16),
    samples: room.take(rows * stride * 8),
  }))
  const memory = room.memory()
  return specs.map((spec, i) => inWasm(spec, places[i]!, memory, kernel))
}

interface Places {
  readonly quant: number
  readonly blocks: number
  readonly samples: number
}

function inWasm(
  { component, rows }: BlockRowsSpec,
  places: Places,
  memory: ArrayBuffer,
  kernel: JpegKernel,
): BlockRows {
  const { plane, stride, blocksAcross, quant } = component
  new Uint16Array(memory, places.quant, 64).set(quant!)
  const blocks = new Int16Array(memory, places.blocks, (rows * stride) << 3)
  // Another picture may have broken off here.
  blocks.fill(0)
  const samples = new Uint8Array(memory, places.samples, rows * stride * 8)
  return {
    blocks,
    at: places.blocks,
    transform(y, from, to) {
      const first = y * rows * stride * 8
      for (let row = 0; row < rows; row++) {
        kernel.inverse(
          places.blocks + row * stride * 16 + from * 128,
          to - from,
          places.quant,
          places.samples + row * stride * 8 + from * 8,
          stride,
        )
      }
      if (from === 0 && to >= blocksAcross) plane.set(samples, first)
      else {
        for (let at = 0; at < samples.length; at += stride)
          plane.set(samples.subarray(at + from * 8, at + to * 8), first + at + from * 8)
      }
    },
  }
}

/** The same without WebAssembly. */
function inJs({ component, rows }: BlockRowsSpec): BlockRows {
  const { plane, stride, quant } = component
  const blocks = new Int16Array((rows * stride) << 3)
  return {
    blocks,
    at: 0,
    transform(y, from, to) {
      for (let row = 0; row < rows; row++) {
        for (let column = from; column < to; column++) {
          const at = row * stride * 8 + column * 64
          inverseDct(blocks, at, quant!, plane, ((y * rows + row) * stride + column) * 8, stride)
          blocks.fill(0, at, at + 64)
        }
      }
    },
  }
}

/** A row of the units of a sequential scan. */
export interface UnitRows {
  readonly parts: readonly {
    readonly blocks: Int16Array
    /** Where in `blocks` a block of the component belongs. */
    readonly place: (row: number, column: number) => number
    /** Where they lie in the kernel's memory, and the bytes from one row of blocks to the next. */
    readonly at: number
    readonly rowBytes: number
    /** Blocks of a unit. */
    readonly h: number
    readonly v: number
  }[]
  /** Makes samples of the row. */
  readonly done: UnitsDone
}

/** Room for a row of units, whose components know their quantisation. */
export function unitRows({ parts }: ScanHeader, kernel?: JpegKernel, room?: KernelRoom): UnitRows {
  const alone = parts.length === 1
  const specs = parts.map(({ component }) => ({ component, rows: alone ? 1 : component.v }))
  const all = makeBlockRows(specs, kernel, room)
  const units = specs.map(({ component: { stride, h }, rows }, i) => ({
    ...all[i]!,
    place: (row: number, column: number) => (row % rows) * stride * 8 + column * 64,
    rowBytes: stride * 16,
    h: alone ? 1 : h,
    v: rows,
  }))
  return {
    parts: units,
    done(y, from, to) {
      for (const { h, transform } of units) transform(y, from * h, to * h)
    },
  }
}
