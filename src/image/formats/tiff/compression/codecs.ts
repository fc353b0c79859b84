import { ImageError } from '../../../../base/errors.ts'
import type { Inflate } from '../../../codecs/image-codecs.ts'
import { unreadable } from '../../../image-errors.ts'
import { decodeFax, type FaxLayout } from '../../fax/fax-decoder.ts'
import { inflateDamaged } from '../../inflate/inflate-damaged.ts'
import type { Libtiff } from '../libtiff/libtiff-directory.ts'
import { COMPRESSION, notRead } from '../pillow-setup.ts'
import type { Codec } from './codec.ts'
import { unpackLzma } from './lzma/xz.ts'
import { unpackThunder } from './thunder.ts'
import { unpackBits, unpackTiffLzw } from './tiff-compression.ts'
import { jpegCodec } from './tiff-jpeg.ts'
import { unpackZstandard } from './zstd/zstd.ts'

/** Throws `ImageError` `image_unsupported`, `image_unreadable` where compression and samples do not go together. */
export function codecOf(tif: Libtiff, rowBytes: number, inflate: Inflate): Codec {
  const { compression } = tif
  const usual = { predicts: true, reverses: true, swaps: true }
  switch (compression) {
    // Pillow read another tag, or it would not have asked libtiff.
    case COMPRESSION.none:
      return { ...usual, predicts: false, unpack: whatThereIs((data, size) => data.subarray(0, size)) }
    case COMPRESSION.lzw:
      return { ...usual, unpack: whatThereIs(unpackTiffLzw) }
    case COMPRESSION.deflate:
    case COMPRESSION.oldDeflate:
      return { ...usual, unpack: deflate(inflate) }
    case COMPRESSION.zstandard:
      return { ...usual, unpack: unpackZstandard }
    case COMPRESSION.lzma:
      return { ...usual, unpack: whatThereIs((data, size) => unpackLzma(data, size)) }
    case COMPRESSION.packBits:
      return { ...usual, predicts: false, unpack: whatThereIs(unpackBits) }
    case COMPRESSION.thunderScan:
      return { ...usual, predicts: false, unpack: thunder(tif, rowBytes) }
    case COMPRESSION.jpeg:
      return { ...usual, predicts: false, reverses: false, swaps: false, unpack: jpegCodec(tif, rowBytes) }
    case COMPRESSION.runs:
    case COMPRESSION.runsWord:
    case COMPRESSION.group3:
    case COMPRESSION.group4:
      return { ...usual, predicts: false, unpack: fax(tif) }
    case COMPRESSION.oldJpeg:
      // Goes through the file by itself (`OldJpeg`).
      return { predicts: false, reverses: false, swaps: false, unpack: () => false }
    default:
      throw notRead(`compression ${compression}`)
  }
}

/** What damaged data still holds, too. */
function deflate(inflate: Inflate): Codec['unpack'] {
  return async (data, out) => {
    try {
      const there = await inflate(data, out.length)
      out.set(there)
      return there.length === out.length
    } catch {
      return inflateDamaged(data, out) !== 'damaged'
    }
  }
}

/** A decompressor that gives at most `size` bytes, or fewer where the data ends before. */
function whatThereIs(unpack: Inflate): Codec['unpack'] {
  return async (data, out) => {
    let there: Uint8Array
    try {
      there = await unpack(data, out.length)
    } catch (cause) {
      if (cause instanceof ImageError) throw cause
      throw unreadable('TIFF', 'its pixels do not decompress', cause)
    }
    out.set(there)
    return there.length === out.length
  }
}

const CODINGS: Readonly<Record<number, FaxLayout['coding']>> = {
  [COMPRESSION.group3]: 'group3',
  [COMPRESSION.group4]: 'group4',
}

function fax({
  compression,
  bits,
  samples,
  planar,
  width,
  tiled,
  tileWidth,
  group3Options,
}: Libtiff): Codec['unpack'] {
  if (bits !== 1 || (samples !== 1 && !planar))
    throw unreadable('TIFF', `fax of ${samples} samples of ${bits} bits`)
  const coding = CODINGS[compression] ?? 'runs'
  const layout: Omit<FaxLayout, 'rows' | 'odd'> = {
    width: tiled ? tileWidth : width,
    coding,
    twoDimensional: coding === 'group3' && (group3Options & 1) === 1,
    align: compression === COMPRESSION.runsWord ? 16 : 8,
    memory: { withoutEnds: false },
  }
  // libtiff unpacks each strip over the one before, and of one that ends too soon leaves the rest as it was.
  let before: Uint8Array = new Uint8Array(0)
  let known = 0
  return (data, out, { rows, odd }) => {
    const rowBytes = out.length / rows
    out.set(before.subarray(0, out.length))
    const { right, lines } = decodeFax(data, out, { ...layout, rows, odd })
    known = Math.max(known, lines * rowBytes)
    if (out.length >= before.length) before = out
    else before.set(out)
    return (right || tiled) && known >= out.length
  }
}

function thunder({ bits, tiled, width }: Libtiff, rowBytes: number): Codec['unpack'] {
  if (bits !== 4 || tiled) throw unreadable('TIFF', 'ThunderScan is of 4 bits, in strips')
  return (data, out) => unpackThunder(data, out, width, rowBytes)
}
