import { unreadable } from '../../../image-errors.ts'
import type { ByteReader } from '../../byte-reader.ts'

/** What the frame header (SOF) of a JPEG file says. */
export interface JpegFrame {
  readonly width: number
  readonly height: number
  /** 1 gray, 3 colour, 4 CMYK or YCCK. */
  readonly components: number
}

/** The signature, in the first bytes as Latin-1. */
export const isJpeg = (head: string): boolean => head.startsWith('\xff\xd8\xff')

/** Reads up to the frame header. Throws `ImageError` `image_truncated`, `image_unreadable`. */
export function jpegFrame(reader: ByteReader): JpegFrame {
  for (const { marker, at } of jpegSegments(reader)) {
    if (!isFrame(marker)) continue
    const components = reader.u8(at + 7)
    const [height, width] = [reader.u16(at + 3, false), reader.u16(at + 5, false)]
    return { width, height, components }
  }
  throw unreadable('JPEG', 'it has no frame header')
}

/** A marker with what belongs to it: its length stands at `at`, and counts from there. */
export interface JpegSegment {
  readonly marker: number
  readonly at: number
}

/** The segments of a file before its first scan, as libjpeg goes through them. Throws what `reader` throws where it ends before. */
export function* jpegSegments(reader: ByteReader): Generator<JpegSegment> {
  for (let at = 2; ;) {
    const { marker, next } = nextMarker(reader, at)
    if (marker === 0xd9 || marker === 0xda) return
    yield { marker, at: next }
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

/** Restart markers, TEM and SOI stand by themselves. */
export const hasBody = (marker: number): boolean => !((marker >= 0xd0 && marker <= 0xd8) || marker === 0x01)

/** The end of a marker's segment. */
const skip = (reader: ByteReader, marker: number, next: number): number =>
  hasBody(marker) ? next + Math.max(2, reader.u16(next, false)) : next
