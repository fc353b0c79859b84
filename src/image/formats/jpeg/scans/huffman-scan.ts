import { unreadable } from '../../../image-errors.ts'
import type { HuffmanTable } from '../headers/huffman-table.ts'
import { type JpegPicture, latchQuant } from '../headers/jpeg-components.ts'
import type { JpegTables } from '../headers/jpeg-tables.ts'
import type { ScanHeader } from '../headers/scan-header.ts'
import { standardTable } from '../headers/standard-tables.ts'
import { KernelRoom } from '../jpeg-engine.ts'
import { unitRows } from '../pixels/block-rows.ts'
import { BitReader } from './bit-reader.ts'
import { type BlockState, decodePlainly, decodeSequential } from './decode-block.ts'
import {
  decodeAcFirst,
  decodeAcRefine,
  decodeDcFirst,
  decodeDcRefine,
  type Progression,
} from './decode-progressive.ts'
import { EdgeReader, endsOpen } from './edge-reader.ts'
import { layFastUnits } from './fast-units.ts'
import { type DecodeBlock, walkScan } from './walk-scan.ts'

/** Decodes a Huffman-coded scan, whose data starts at `at`, into the planes or coefficients of its components. */
export function readHuffmanScan(
  bytes: Uint8Array,
  at: number,
  scan: ScanHeader,
  picture: JpegPicture,
  tables: JpegTables,
): number {
  // Of more scans than one Pillow wants to see the end in any case.
  const open = picture.file && !picture.progressive && scan.parts.length === picture.components.length
  const reader = open && endsOpen(bytes, at) ? new EdgeReader(bytes, at) : new BitReader(bytes, at)
  reader.resyncs = picture.resyncs
  const decodeBlock = reader.edge > 0 ? decodePlainly : decodeSequential
  const band: Progression = { from: scan.from, to: scan.to, shift: scan.shift, endOfBand: 0 }
  const states: BlockState[] = []
  for (const { component } of scan.parts) latchQuant(component, tables)
  const { kernel, progressive } = picture
  const room = kernel && new KernelRoom(kernel)
  const lay = room && !progressive ? layFastUnits(kernel, room, reader, scan.parts.length) : undefined
  const units = progressive ? undefined : unitRows(scan, kernel, room)
  const decoders = scan.parts.map(({ component, dcTable, acTable }, i): DecodeBlock => {
    const table = (kind: 'dc' | 'ac'): HuffmanTable => {
      const index = kind === 'dc' ? dcTable : acTable
      const found =
        tables.huffman(kind, index) ?? (picture.progressive ? undefined : standardTable(kind, index))
      if (!found) throw unreadable('JPEG', 'it has no Huffman table for a scan')
      return found
    }
    const { stride, coefficients } = component
    if (units) {
      const state = { dc: table('dc'), ac: table('ac'), last: 0 }
      states.push(state)
      const { blocks, place } = units.parts[i]!
      return (row, column) => decodeBlock(reader, state, blocks, place(row, column))
    }
    const where = (row: number, column: number): number => row * stride * 8 + column * 64
    if (scan.from > 0) {
      const ac = table('ac')
      const decode = scan.shiftBefore === 0 ? decodeAcFirst : decodeAcRefine
      return (row, column) => decode(reader, ac, band, component, row * stride * 8 + column * 64)
    }
    if (scan.shiftBefore > 0)
      return (row, column) => decodeDcRefine(reader, band, coefficients, where(row, column))
    const dc = table('dc')
    const state = { dc, ac: dc, last: 0 }
    states.push(state)
    return (row, column) => decodeDcFirst(reader, state, band, coefficients, where(row, column))
  })
  const forget = (): void => {
    band.endOfBand = 0
    for (const state of states) state.last = 0
  }
  const fast = units && lay?.(units, states)
  return walkScan(reader, scan, picture, tables.restartInterval, decoders, forget, units?.done, fast)
}
