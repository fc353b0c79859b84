import { unreadable } from '../../../image-errors.ts'
import type { ByteReader } from '../../byte-reader.ts'
import type { JpegComponent, JpegPicture } from './jpeg-components.ts'

/** What the header of a scan (SOS) says. */
export interface ScanHeader {
  readonly parts: readonly {
    readonly component: JpegComponent
    readonly dcTable: number
    readonly acTable: number
  }[]
  /** First and last coefficient, in zigzag order. */
  readonly from: number
  readonly to: number
  /** By how many bits values were shifted by the scan before; 0 where this is the first. */
  readonly shiftBefore: number
  readonly shift: number
}

export function readScanHeader(
  reader: ByteReader,
  at: number,
  end: number,
  picture: JpegPicture,
  isFirst: boolean,
): ScanHeader {
  const count = reader.u8(at)
  if (count < 1 || count > 4 || end - at !== 4 + count * 2) throw damaged()
  const parts = Array.from({ length: count }, (_, i) => {
    const id = reader.u8(at + 1 + i * 2)
    // Of components of the same id, libjpeg takes the first whose place among the parts is not taken yet.
    const component = picture.components.find((candidate, place) => candidate.id === id && place >= i)
    const tables = reader.u8(at + 2 + i * 2)
    if (!component) throw damaged()
    return { component, dcTable: tables >> 4, acTable: tables & 15 }
  })
  if (new Set(parts.map(({ component }) => component)).size < count) throw damaged()
  if (count > 1 && parts.reduce((sum, { component: { h, v } }) => sum + h * v, 0) > 10) throw damaged()
  const bits = reader.u8(end - 1)
  const header = {
    parts,
    from: reader.u8(end - 3),
    to: reader.u8(end - 2),
    shiftBefore: bits >> 4,
    shift: bits & 15,
  }
  if (!picture.progressive) return header
  const { from, to, shiftBefore, shift } = header
  const band = from === 0 ? to === 0 : from <= to && to < 64 && count === 1
  if (!band || shift > 13 || (shiftBefore > 0 && shift !== shiftBefore - 1))
    throw unreadable('JPEG', 'its scans do not add up')
  for (const { component } of parts) {
    const { bitsLeft, bitsBefore } = component
    for (let k = Math.min(from, 1); k <= Math.max(to, 9); k++) bitsBefore[k] = isFirst ? 0 : bitsLeft[k]!
    bitsLeft.fill(shift, from, to + 1)
  }
  return header
}

const damaged = (): Error => unreadable('JPEG', 'the header of a scan is damaged')
