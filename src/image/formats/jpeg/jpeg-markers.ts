import { unreadable } from '../../image-errors.ts'
import type { ByteReader } from '../byte-reader.ts'

/** What the frame header (SOF) of a JPEG file says. */
export interface JpegFrame {
  readonly width: number
  readonly height: number
  /** 1 gray, 3 colour, 4 CMYK or YCCK. */
  readonly components: number
}

/** Reads up to the frame header. Throws `ImageError` `image_truncated`, `image_unreadable`. */
export function jpegFrame(reader: ByteReader): JpegFrame {
  for (let at = 2; ;) {
    const { marker, next } = nextMarker(reader, at)
    if (isFrame(marker)) {
      const components = reader.u8(next + 7)
      const [height, width] = [reader.u16(next + 3, false), reader.u16(next + 5, false)]
      return { width, height, components }
    }
    if (marker === 0xd9 || marker === 0xda) throw unreadable('JPEG', 'it has no frame header')
    at = skip(reader, marker, next)
  }
}

/** SOF0 … SOF15 without DHT (C4), JPG (C8) and DAC (CC). */
export function isFrame(marker: number): boolean {
  return marker >= 0xc0 && marker <= 0xcf && marker !== 0xc4 && marker !== 0xc8 && marker !== 0xcc
}

/** The next marker from `at` on, and what follows it. */
export function nextMarker(reader: ByteReader, at: number): { marker: number; next: number } {
  for (;;) {
    // Stray bytes between segments are skipped, as libjpeg does.
    while (reader.u8(at) !== 0xff) at++
    while (reader.u8(at) === 0xff) at++
    const marker = reader.u8(at++)
    if (marker !== 0) return { marker, next: at }
  }
}

/** The end of a marker's segment; restart markers, TEM and SOI have none. */
function skip(reader: ByteReader, marker: number, next: number): number {
  const bare = (marker >= 0xd0 && marker <= 0xd8) || marker === 0x01
  return bare ? next : next + Math.max(2, reader.u16(next, false))
}
