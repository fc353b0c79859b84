import type { HuffmanTable } from '../headers/huffman-table.ts'
import type { JpegKernel, KernelRoom } from '../jpeg-engine.ts'
import type { UnitRows } from '../pixels/block-rows.ts'
import type { BitReader } from './bit-reader.ts'
import { type BlockState, NATURAL_ORDER } from './decode-block.ts'
import type { DecodeUnits } from './walk-scan.ts'

// How things lie in the kernel's memory: see jpeg-kernel/huffman.as.
const READER_BYTES = 16
const PART_BYTES = 32
const TABLE_BYTES = 3472

/**
 * Has the kernel decode the units of a sequential scan whose data begins where `reader` is. Takes its room at once, and is made
 * when all room is taken. What it does not decode, `reader` and `states` are ready for.
 */
export function layFastUnits(
  kernel: JpegKernel,
  room: KernelRoom,
  reader: BitReader,
  partCount: number,
): (units: UnitRows, states: readonly BlockState[]) => DecodeUnits {
  const end = reader.file.length - reader.edge
  const data = reader.file.subarray(reader.at, Math.max(reader.at, end))
  const start = reader.at
  const dataAt = room.take(data.length + 2)
  const orderAt = room.take(NATURAL_ORDER.length)
  const readerAt = room.take(READER_BYTES)
  const partsAt = room.take(PART_BYTES * partCount)
  const tablesAt = room.take(TABLE_BYTES * 2 * partCount)
  return (units, states) => {
    const memory = room.memory()
    const bytes = new Uint8Array(memory)
    bytes.set(data, dataAt)
    bytes.fill(0xff, dataAt + data.length, dataAt + data.length + 2)
    bytes.set(NATURAL_ORDER, orderAt)
    const held = new Int32Array(memory, readerAt, READER_BYTES / 4)
    held[3] = orderAt
    const parts = states.map(({ dc, ac }, i) => {
      const [dcAt, acAt] = [tablesAt + 2 * i * TABLE_BYTES, tablesAt + (2 * i + 1) * TABLE_BYTES]
      putTable(memory, dcAt, dc)
      putTable(memory, acAt, ac)
      const part = new Int32Array(memory, partsAt + i * PART_BYTES, PART_BYTES / 4)
      const { at, rowBytes, h, v } = units.parts[i]!
      part.set([dcAt, acAt, at, rowBytes, h, v])
      return part
    })
    return (x, count) => {
      if (reader.marker !== 0 || reader.ended || reader.at >= end) return 0
      held[0] = reader.bits
      held[1] = reader.held
      held[2] = dataAt + reader.at - start
      for (let i = 0; i < parts.length; i++) parts[i]![LAST] = states[i]!.last
      const done = kernel.units(readerAt, partsAt, parts.length, x, count)
      for (let i = 0; i < parts.length; i++) states[i]!.last = parts[i]![LAST]!
      if (done > 0) reader.hold(held[0], held[1], held[2] - dataAt + start)
      return done
    }
  }
}

/** Of a part, which of its numbers is the last DC coefficient. */
const LAST = 6

function putTable(memory: ArrayBuffer, at: number, table: HuffmanTable): void {
  new Uint16Array(memory, at, 512).set(table.lookup)
  new Int32Array(memory, at + 1024, 512).set(table.whole)
  new Int32Array(memory, at + 3072, 18).set(table.maxCode)
  new Int32Array(memory, at + 3144, 18).set(table.offsets)
  new Uint8Array(memory, at + 3216, 256).set(table.symbols)
}
