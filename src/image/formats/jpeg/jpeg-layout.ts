import type { ByteReader } from '../byte-reader.ts'
import { isFrame } from './jpeg-markers.ts'

/** How a file is laid out, told by its markers alone. */
export interface JpegLayout {
  /** Nothing but what encoders write: segments one after the other, scans of data alone, the end marker. */
  readonly ordinary: boolean
  /** Of a progressive file, that low coefficients have not come in full, which libjpeg makes up for. */
  readonly lacksScans: boolean
}

/**
 * Goes through the markers up to the end. What is not ordinary is left to our own decoder on every platform, so that
 * damage means the same everywhere; library decoders differ there. Throws `image_truncated` within a segment.
 */
export function jpegLayout(reader: ByteReader): JpegLayout {
  const { bytes } = reader
  const odd: JpegLayout = { ordinary: false, lacksScans: false }
  let frame: number | undefined
  let restarts = false
  let scans = 0
  const components: number[] = []
  const bitsLeft = new Map<number, Int8Array>()
  for (let at = 2; ;) {
    if (bytes[at] !== 0xff) return odd
    while (bytes[at] === 0xff) at++
    const marker = bytes[at++]
    if (marker === undefined) return odd
    if (marker === 0xd9) break
    if (at + 2 > bytes.length) return odd
    const end = at + reader.u16(at, false)
    if (end < at + 2 || end > bytes.length) return odd
    if (marker === 0xda) {
      const count = bytes[at + 2]!
      if (frame === undefined || end - at !== 6 + count * 2) return odd
      const progressive = frame === 0xc2 || frame === 0xca
      // A picture in one scan is done behind it: whatever follows is for our decoder to judge.
      if (!progressive && scans > 0 && components.length === bitsLeft.size) return odd
      for (let i = 0; i < count; i++) {
        const id = bytes[at + 3 + i * 2]!
        const bits = bitsLeft.get(id) ?? new Int8Array(64).fill(-1)
        bitsLeft.set(id, bits)
        if (progressive) bits.fill(bytes[end - 1]! & 15, bytes[end - 3]!, bytes[end - 2]! + 1)
      }
      scans++
      at = scanEnd(bytes, end, restarts)
      if (at < 0) return odd
      continue
    }
    if (isFrame(marker)) {
      if (frame !== undefined || end - at < 8) return odd
      frame = marker
      const count = bytes[at + 7]!
      if (end - at !== 8 + count * 3) return odd
      for (let i = 0; i < count; i++) components.push(bytes[at + 8 + i * 3]!)
    } else if (marker === 0xdd) restarts = reader.u16(at + 2, false) > 0
    else if (!(marker === 0xdb || marker === 0xc4 || marker === 0xcc || marker >= 0xe0) || marker > 0xfe)
      return odd
    at = end
  }
  if (scans === 0 || bitsLeft.size < components.length) return odd
  const progressive = frame === 0xc2 || frame === 0xca
  const lacksScans =
    progressive && [...bitsLeft.values()].some((bits) => bits.subarray(0, 10).some((left) => left !== 0))
  return { ordinary: true, lacksScans }
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
