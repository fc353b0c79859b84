import { unreadable } from '../image-errors.ts'
import type { ByteReader } from './byte-reader.ts'

/** How the samples of an AVIF picture become colours (its `av1C` and `colr` boxes). */
export interface AvifColour {
  /** Bits a sample. */
  readonly depth: 8 | 10 | 12
  readonly monochrome: boolean
  /** Whether chroma has half the columns, half the rows. */
  readonly halfWidth: boolean
  readonly halfHeight: boolean
  /** Absent where the boxes do not say; the AV1 data will. */
  readonly coding: AvifCoding | undefined
}

export interface AvifCoding {
  /** Matrix coefficients by ITU-T H.273. */
  readonly matrix: number
  readonly fullRange: boolean
}

/** The size of the largest picture in an AVIF file (its `ispe` properties; alpha planes and tiles have one each). */
export function avifSize(reader: ByteReader): { width: number; height: number } {
  const size = { width: 0, height: 0 }
  walk(reader, (type, at) => {
    if (type !== 'ispe') return
    const width = reader.u32(at + 4, false)
    const height = reader.u32(at + 8, false)
    if (width * height > size.width * size.height) Object.assign(size, { width, height })
  })
  if (size.width === 0) throw unreadable('AVIF', 'it does not say its size')
  return size
}

/** Throws `image_unreadable` where the file does not say. */
export function avifColour(reader: ByteReader): AvifColour {
  let samples: Omit<AvifColour, 'coding'> | undefined
  let coding: AvifCoding | undefined
  walk(reader, (type, at) => {
    // A monochrome one that comes first may be that of the alpha plane.
    if (type === 'av1C' && (!samples || samples.monochrome)) {
      const flags = reader.u8(at + 2)
      samples = {
        depth: flags & 0x40 ? (flags & 0x20 ? 12 : 10) : 8,
        monochrome: (flags & 0x10) !== 0,
        halfWidth: (flags & 8) !== 0,
        halfHeight: (flags & 4) !== 0,
      }
    } else if (type === 'colr' && reader.text(at, 4) === 'nclx') {
      coding ??= { matrix: reader.u16(at + 8, false), fullRange: reader.u8(at + 10) >= 128 }
    }
  })
  if (!samples) throw unreadable('AVIF', 'it does not say how it is coded')
  return { ...samples, coding }
}

/** Boxes that hold boxes, and how many bytes stand before those. */
const CONTAINERS: Readonly<Record<string, number>> = { meta: 4, iprp: 0, ipco: 0 }

function walk(
  reader: ByteReader,
  visit: (type: string, at: number) => void,
  at = 0,
  end = reader.length,
): void {
  while (at + 8 <= end) {
    let size = reader.u32(at, false)
    let head = 8
    if (size === 1) {
      size = reader.u32(at + 8, false) * 2 ** 32 + reader.u32(at + 12, false)
      head = 16
    }
    if (size === 0) size = end - at
    if (size < head) throw unreadable('AVIF', 'a box has an impossible size')
    const type = reader.text(at + 4, 4)
    visit(type, at + head)
    const inside = CONTAINERS[type]
    if (inside !== undefined) walk(reader, visit, at + head + inside, Math.min(end, at + size))
    at += size
  }
}
