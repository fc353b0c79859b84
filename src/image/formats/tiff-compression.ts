import { truncated, unreadable } from '../image-errors.ts'
import { unpackLzw } from './lzw.ts'

/** PackBits: runs and literals of bytes. Returns what there is, at most `size` bytes. */
export function unpackBits(data: Uint8Array, size: number): Uint8Array {
  const out = new Uint8Array(size)
  let length = 0
  for (let at = 0; at < data.length && length < size;) {
    const head = data[at++]!
    if (head < 128) {
      const literal = data.subarray(at, at + Math.min(head + 1, size - length))
      out.set(literal, length)
      length += literal.length
      at += head + 1
    } else if (head > 128 && at < data.length) {
      const end = Math.min(size, length + 257 - head)
      out.fill(data[at++]!, length, end)
      length = end
    }
  }
  return out.subarray(0, length)
}

/** TIFF's LZW: high bits first, codes widened one early. Returns what there is, at most `size` bytes. */
export function unpackTiffLzw(data: Uint8Array, size: number): Uint8Array {
  if (data.length > 1 && data[0] === 0 && (data[1]! & 1) === 1) {
    throw unreadable('TIFF', 'it is packed by the LZW of before TIFF 5')
  }
  let buffer = 0
  let held = 0
  let at = 0
  const take = (width: number): number => {
    while (held < width && at < data.length) {
      buffer = ((buffer << 8) | data[at++]!) & 0xffffff
      held += 8
    }
    if (held < width) return -1
    const code = (buffer >>> (held - width)) & ((1 << width) - 1)
    held -= width
    return code
  }
  const damaged = (): Error => unreadable('TIFF', 'its compressed data is damaged')
  return unpackLzw({ clear: 256, early: 1, size, take, damaged })
}

/** Returns what there is, at most `size` bytes. */
export async function unpackZstandard(data: Uint8Array, size: number): Promise<Uint8Array> {
  // Rare in pictures, and so not in everybody's bundle.
  const { decompress } = await import('fzstd')
  return decompress(data, new Uint8Array(size))
}

/** Undoes horizontal differencing (predictor 2) in place. Samples of 2 and 4 bytes are in the file's byte order. */
export function undoPredictor(
  data: Uint8Array,
  rowBytes: number,
  samples: number,
  sampleBytes: number,
  littleEndian: boolean,
): void {
  const step = samples * sampleBytes
  const view = new DataView(data.buffer, data.byteOffset, data.byteLength)
  for (let row = 0; row + rowBytes <= data.length; row += rowBytes) {
    const end = row + rowBytes
    if (sampleBytes === 1) {
      for (let i = row + step; i < end; i++) data[i]! += data[i - step]!
    } else if (sampleBytes === 4) {
      for (let i = row + step; i < end; i += 4) {
        view.setUint32(
          i,
          view.getUint32(i, littleEndian) + view.getUint32(i - step, littleEndian),
          littleEndian,
        )
      }
    } else {
      const low = littleEndian ? 0 : 1
      const high = 1 - low
      for (let i = row + step; i < end; i += 2) {
        const sum = data[i + low]! + data[i + low - step]!
        data[i + low] = sum
        data[i + high]! += data[i + high - step]! + (sum >> 8)
      }
    }
  }
}

/** Turns the bits of each byte round: FillOrder 2. */
export function reverseBits(data: Uint8Array): Uint8Array {
  return data.map((byte) => {
    let value = ((byte & 0x55) << 1) | ((byte >> 1) & 0x55)
    value = ((value & 0x33) << 2) | ((value >> 2) & 0x33)
    return ((value & 15) << 4) | (value >> 4)
  })
}

/** Throws `image_truncated` where a strip or tile holds less than its part of the picture. */
export function expectBytes(data: Uint8Array, size: number): Uint8Array {
  if (data.length < size) throw truncated('TIFF', `a strip of its pixels has ${data.length} of ${size} bytes`)
  return data
}
