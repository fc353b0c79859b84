import { readFileSync } from 'node:fs'
import { ByteReader } from '../../src/image/formats/byte-reader.ts'
import { readTiffTags, TAG } from '../../src/image/formats/tiff/tiff-tags.ts'

export const fixture = (name: string): Uint8Array =>
  readFileSync(new URL(`../fixtures/images/${name}`, import.meta.url))

/** The first strip of a TIFF of 8 bits, and the bytes that it unpacks to. */
export function stripOf(bytes: Uint8Array): { readonly data: Uint8Array; readonly size: number } {
  const { tags } = readTiffTags(new ByteReader(bytes, () => new Error('too short')))
  const value = (tag: number): number => tags.get(tag)!.values[0]!
  const rows = Math.min(value(TAG.height), tags.get(TAG.rowsPerStrip)?.values[0] ?? Infinity)
  const at = value(TAG.stripOffsets)
  return {
    data: bytes.subarray(at, at + value(TAG.stripByteCounts)),
    size: value(TAG.width) * rows * value(TAG.samplesPerPixel),
  }
}
