import type { ByteReader } from '../../byte-reader.ts'
import { canHold } from './jpeg-components.ts'
import { isFrame } from './jpeg-markers.ts'

/**
 * Whether a file is laid out as encoders write it, told by its markers alone: segments one after the other, scans of data
 * alone that bring all coefficients, the end marker. What is not is left to our own decoder on every platform, so that damage
 * means the same everywhere; library decoders differ there. Throws `image_truncated` within a segment.
 */
export function isOrdinaryJpeg(reader: ByteReader): boolean {
  const { bytes } = reader
  let frame: number | undefined
  let restarts = false
  let scans = 0
  const components: number[] = []
  const bitsLeft = new Map<number, Int8Array>()
  for (let at = 2; ;) {
    if (bytes[at] !== 0xff) return false
    while (bytes[at] === 0xff) at++
    const marker = bytes[at++]
    if (marker === undefined) return false
    if (marker === 0xd9) break
    if (at + 2 > bytes.length) return false
    const end = at + reader.u16(at, false)
    if (end < at + 2 || end > bytes.length) return false
    if (marker === 0xda) {
      const count = bytes[at + 2]!
      if (frame === undefined || end - at !== 6 + count * 2) return false
      const progressive = frame === 0xc2 || frame === 0xca
      // A picture in one scan is done behind it: whatever follows is for our decoder to judge.
      if (!progressive && scans > 0 && components.length === bitsLeft.size) return false
      for (let i = 0; i < count; i++) {
        const id = bytes[at + 3 + i * 2]!
        const bits = bitsLeft.get(id) ?? new Int8Array(64).fill(-1)
        bitsLeft.set(id, bits)
        if (progressive) bits.fill(bytes[end - 1]! & 15, bytes[end - 3]!, bytes[end - 2]! + 1)
      }
      scans++
      at = scanEnd(bytes, end, restarts)
      if (at < 0) return false
      continue
    }
    if (isFrame(marker)) {
      if (frame !== undefined || marker === 0xc3 || end - at < 8) return false
      frame = marker
      if (!canHold(bytes.length, reader.u16(at + 5, false), reader.u16(at + 3, false))) return false
      const count = bytes[at + 7]!
      if (end - at !== 8 + count * 3) return false
      for (let i = 0; i < count; i++) components.push(bytes[at + 8 + i * 3]!)
    } else if (marker === 0xdd) restarts = reader.u16(at + 2, false) > 0
    else if (!(marker === 0xdb || marker === 0xc4 || marker === 0xcc || marker >= 0xe0) || marker > 0xfe)
      return false
    at = end
  }
  if (scans === 0 || bitsLeft.size < components.length) return false
  const progressive = frame === 0xc2 || frame === 0xca
  // libjpeg-turbo 3 makes up for low coefficients that have not come in full, others do so otherwise.
  return (
    !progressive || [...bitsLeft.values()].every((bits) => bits.subarray(0, 10).every((left) => left === 0))
  )
}

/** The marker behind a scan's data; -1 where the file ends first, or a restart marker comes that nobody announced. */
function scanEnd(bytes: Uint8Array, from: number, restarts: boolean): number {
  for (let at = from; ; at++) {
    at = bytes.indexOf(0xff, at)
    if (at < 0 || at + 1 >= bytes.length) return -1
    const code = bytes[at + 1]!
    if (code === 0) continue
    if (code >= 0xd0 && code <= 0xd7) {
      if (restarts) continue
      return -1
    }
    // Before a marker there may be any number of 0xff.
    return at
  }
}
