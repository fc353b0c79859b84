import { truncated, unreadable, unsupported } from '../../../image-errors.ts'
import type { ByteReader } from '../../byte-reader.ts'
import type { JpegKernel } from '../jpeg-engine.ts'
import type { JpegTables } from './jpeg-tables.ts'

/** One component of a picture: its samples, in rows of whole blocks. */
export interface JpegComponent {
  readonly id: number
  /** Sampling factors, 1 to 4. */
  readonly h: number
  readonly v: number
  readonly quantIndex: number
  /** Samples that belong to the picture; what is over fills up the last blocks. */
  readonly width: number
  readonly height: number
  /** Blocks that hold such samples. */
  readonly blocksAcross: number
  readonly blocksDown: number
  /** Samples of a row, with those that fill up the last unit of interleaved blocks. */
  readonly stride: number
  readonly plane: Uint8ClampedArray
  /** Of progressive files, all blocks, rows of `stride / 8`; else empty. */
  readonly coefficients: Int16Array
  /** Of each of these blocks, the last coefficient in zigzag order that may be other than 0. */
  readonly lastKnown: Uint8Array
  /** The table that held when its first scan began; without one there is nothing to see. */
  quant: Uint16Array | undefined
  /** Of progressive files: the lowest bit that each coefficient has come down to, in zigzag order; -1 before it comes. */
  readonly bitsLeft: Int8Array
  /** The same as it was before the component's last scan. */
  readonly bitsBefore: Int8Array
}

export interface JpegPicture {
  readonly width: number
  readonly height: number
  readonly progressive: boolean
  readonly arithmetic: boolean
  /** Samples are coded by themselves, not in blocks of 8 × 8: what is said of blocks here is said of samples. */
  readonly lossless: boolean
  /** It is a file of its own, not part of a TIFF. */
  readonly file: boolean
  readonly components: readonly JpegComponent[]
  /** The largest sampling factors. */
  readonly maxH: number
  readonly maxV: number
  /** Units of interleaved blocks. */
  readonly unitsAcross: number
  readonly unitsDown: number
  /** The last row of units that the last scan had data for. */
  lastGoodRow: number
  /** Rows of units that the last scan has brought. */
  rowsDone: number
  /** Where another restart marker comes than the expected one, it is gone on from there, as far as that can be. */
  resyncs: boolean
  /** What works on its samples; JavaScript does where there is none. */
  readonly kernel: JpegKernel | undefined
}

/** Throws where a picture of such a size is not what is wanted. */
export type CheckFrame = (width: number, height: number, components: number) => void

/** Reads the frame header behind `marker` (SOF0, 1, 2, 9 or 10) and makes room for what it announces. */
export function readPicture(
  reader: ByteReader,
  at: number,
  end: number,
  marker: number,
  kernel?: JpegKernel,
  check?: CheckFrame,
): JpegPicture {
  const progressive = marker === 0xc2 || marker === 0xca
  const arithmetic = marker >= 0xc9
  const lossless = marker === 0xc3 && !check
  if (!SUPPORTED.includes(marker) && !lossless) throw refuse(`of process ${marker - 0xc0}`)
  const precision = reader.u8(at)
  if (precision !== 8) throw refuse(`of ${precision} bits`)
  const height = reader.u16(at + 1, false)
  const width = reader.u16(at + 3, false)
  const count = reader.u8(at + 5)
  if (!(check ? [1, 2, 3, 4] : [1, 3, 4]).includes(count)) throw refuse(`of ${count} components`)
  if (end - at !== 6 + count * 3 || width === 0 || height === 0)
    throw unreadable('JPEG', 'its frame header is damaged')
  const specs = Array.from({ length: count }, (_, i) => readSpec(reader, at + 6 + i * 3))
  if (specs.some(({ h, v }) => !(h >= 1 && h <= 4 && v >= 1 && v <= 4)))
    throw unreadable('JPEG', 'its frame header is damaged')
  const maxH = Math.max(...specs.map(({ h }) => h))
  const maxV = Math.max(...specs.map(({ v }) => v))
  if (specs.some(({ h, v }) => maxH % h > 0 || maxV % v > 0)) throw refuse('with sampling in broken ratios')
  // No room is made for pictures that cannot be there. Arithmetic coding knows no such bound.
  const side = lossless ? 1 : 8
  if (!arithmetic && !canHold(reader.length, width, height, side))
    throw truncated('JPEG', `it is too short for ${width}×${height} pixels`)
  check?.(width, height, count)
  const unitsAcross = Math.ceil(width / (side * maxH))
  const unitsDown = Math.ceil(height / (side * maxV))
  const file = check === undefined
  const frame = { width, height, progressive, arithmetic, lossless, file, maxH, maxV, unitsAcross, unitsDown }
  // One picture is decoded at a time, and handed on as a copy.
  taken = 0
  const components = specs.map((spec) => makeComponent(spec, frame))
  return { ...frame, components, lastGoodRow: 0, rowsDone: 0, resyncs: true, kernel }
}

type Spec = Pick<JpegComponent, 'id' | 'h' | 'v' | 'quantIndex'>

function readSpec(reader: ByteReader, at: number): Spec {
  const factors = reader.u8(at + 1)
  return { id: reader.u8(at), h: factors >> 4, v: factors & 15, quantIndex: reader.u8(at + 2) }
}

/** Memory of planes is used again, but for that of large pictures: to get it anew costs more than to fill it. */
const KEPT_BYTES = 1 << 24
let kept = new ArrayBuffer(0)
let taken = 0

function takePlane(samples: number): Uint8ClampedArray {
  if (taken + samples > KEPT_BYTES) return new Uint8ClampedArray(samples)
  // Planes of the same picture stay in the memory that is left behind.
  if (taken + samples > kept.byteLength) kept = new ArrayBuffer(taken + samples)
  taken += samples
  return new Uint8ClampedArray(kept, taken - samples, samples)
}

function makeComponent(
  { id, h, v, quantIndex }: Spec,
  frame: Omit<JpegPicture, 'components' | 'lastGoodRow' | 'rowsDone' | 'resyncs' | 'kernel'>,
): JpegComponent {
  const { width, height, progressive, lossless, maxH, maxV, unitsAcross, unitsDown } = frame
  const side = lossless ? 1 : 8
  const samplesAcross = Math.ceil((width * h) / maxH)
  const samplesDown = Math.ceil((height * v) / maxV)
  const stride = unitsAcross * h * side
  const samples = stride * unitsDown * v * side
  // What no scan brings is gray.
  const plane = takePlane(samples).fill(128)
  return {
    id,
    h,
    v,
    quantIndex,
    width: samplesAcross,
    height: samplesDown,
    blocksAcross: Math.ceil(samplesAcross / side),
    blocksDown: Math.ceil(samplesDown / side),
    stride,
    plane,
    coefficients: new Int16Array(progressive ? samples : 0),
    lastKnown: new Uint8Array(progressive ? samples / 64 : 0),
    quant: undefined,
    bitsLeft: new Int8Array(64).fill(-1),
    bitsBefore: new Int8Array(64).fill(-1),
  }
}

/** Takes hold of a component's quantisation, as it is when its first scan begins. */
export function latchQuant(component: JpegComponent, tables: JpegTables): Uint16Array {
  component.quant ??= tables.quant[component.quantIndex]?.slice()
  if (!component.quant) throw unreadable('JPEG', 'it has no quantisation table')
  return component.quant
}

/** A block takes a bit at the least. */
export const canHold = (bytes: number, width: number, height: number, side = 8): boolean =>
  Math.ceil(width / side) * Math.ceil(height / side) <= bytes * 8

const refuse = (what: string): Error =>
  unsupported('JPEG', `JPEG ${what}`, 'Save it anew as baseline or progressive JPEG of 8 bits.')

/** Baseline, extended and progressive, with Huffman and with arithmetic coding. Lossless is read of files only. */
const SUPPORTED = [0xc0, 0xc1, 0xc2, 0xc9, 0xca]
