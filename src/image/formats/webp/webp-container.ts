import { truncated, unreadable } from '../../image-errors.ts'
import { ByteReader } from '../byte-reader.ts'
import type { ImageSize } from '../image-format.ts'

/** A picture of a WebP file: where its chunks are, the one of alpha first where there is one, and its size and place. */
interface WebpPicture {
  readonly start: number
  readonly end: number
  readonly hasAlpha: boolean
  readonly left: number
  readonly top: number
  readonly width: number
  readonly height: number
}

export interface WebpContainer {
  readonly canvasWidth: number
  readonly canvasHeight: number
  readonly first: WebpPicture
}

/**
 * Goes through a whole WebP file as libwebp's demuxer does (src/demux/demux.c), by whose rules Pillow takes or refuses it:
 * later frames are looked at, too. Throws `ImageError` `image_truncated` where the file is shorter than its header says,
 * `image_unreadable` where its chunks are not in order.
 */
export function readWebpContainer(bytes: Uint8Array): WebpContainer {
  const reader = new ByteReader(bytes, () => truncated('WebP', 'it ends within a chunk'))
  const end = reader.u32(4, true) + 8
  if (end < 20 || end > MAX_PAYLOAD + 8) throw damaged('its header gives no sensible length')
  if (end > bytes.length) throw truncated('WebP', `it has ${bytes.length} of ${end} bytes`)
  const walk: Walk = { reader, at: 12, end }
  if (reader.text(12, 4) !== 'VP8X') {
    const { image } = storePicture(walk)
    if (!image) throw damaged('there is no picture in it')
    const first = { ...image, hasAlpha: false, left: 0, top: 0 }
    return { canvasWidth: image.width, canvasHeight: image.height, first }
  }
  if (reader.u32(16, true) !== 10) throw damaged('its extended header has another size than 10')
  const flags = reader.u8(20)
  const { width: canvasWidth, height: canvasHeight } = canvasSize(reader)
  if (canvasWidth * canvasHeight >= MAX_AREA) throw damaged('its canvas is too large')
  if (flags & ~VALID_FLAGS) throw damaged('its extended header has flags that do not exist')
  walk.at = 30
  const pictures = extendedPictures(walk, flags)
  for (const [i, { left, top, width, height }] of pictures.entries()) {
    if (left + width > canvasWidth || top + height > canvasHeight) {
      const which = i === 0 ? 'its first frame' : 'one of its frames'
      throw damaged(`${which} reaches over its ${canvasWidth}×${canvasHeight} pixels`)
    }
    if (!(flags & ANIMATED) && (width !== canvasWidth || height !== canvasHeight))
      throw damaged(`its header says ${canvasWidth}×${canvasHeight} pixels, its data has ${width}×${height}`)
  }
  if (!pictures[0]) throw damaged('there is no frame in it')
  return { canvasWidth, canvasHeight, first: pictures[0] }
}

/** The signature, in the first bytes as Latin-1. */
export const isWebp = (head: string): boolean => head.startsWith('RIFF') && head.startsWith('WEBP', 8)

/** What the first chunk says: of an extended file the canvas, else the picture. Whether it is whole is not looked at. */
export function webpSize(reader: ByteReader): ImageSize {
  const kind = reader.text(12, 4)
  if (kind === 'VP8X') return canvasSize(reader)
  return kind === 'VP8L' ? losslessFields(reader.u32(21, true)) : lossyFields(reader, 20)
}

const canvasSize = (reader: ByteReader): ImageSize => ({
  width: u24(reader, 24) + 1,
  height: u24(reader, 27) + 1,
})

interface Walk {
  readonly reader: ByteReader
  at: number
  /** Of the RIFF chunk; what follows it is not looked at. */
  readonly end: number
}

function extendedPictures(walk: Walk, flags: number): WebpPicture[] {
  const pictures: WebpPicture[] = []
  const animated = (flags & ANIMATED) !== 0
  let background = false
  while (walk.at !== walk.end) {
    const { type, next } = chunkAt(walk)
    if (type === 'VP8X') throw damaged('it has two extended headers')
    if (PICTURE_CHUNKS.includes(type)) {
      if (background || animated) throw damaged('a picture of an animation is in no frame')
      if (pictures.length > 0) throw damaged('it has two pictures')
      const { alpha, image } = storePicture(walk)
      if (!image) throw damaged('there is no picture in it')
      pictures.push(joined(image, flags & ALPHA ? alpha : undefined, 0, 0))
    } else if (type === 'ANMF') {
      if (!background) throw damaged('a frame comes before the animation is announced')
      const frame = readFrame(walk, next)
      if (animated && frame) pictures.push(frame)
    } else {
      if (type === 'ANIM') {
        if (next - walk.at < 14) throw damaged('its ANIM chunk is too short')
        background = true
      }
      walk.at = next
    }
  }
  return pictures
}

/** A frame of an animation; its chunks may end before it does, and are gone on with. */
function readFrame(walk: Walk, next: number): WebpPicture | undefined {
  const { reader } = walk
  const body = walk.at + 8
  const payload = next - body - 16
  if (payload < 0) throw damaged('a frame is too short')
  if ((u24(reader, body + 6) + 1) * (u24(reader, body + 9) + 1) >= MAX_AREA)
    throw damaged('a frame is too large')
  const [left, top] = [u24(reader, body) * 2, u24(reader, body + 3) * 2]
  walk.at = body + 16
  const { alpha, image } = storePicture(walk)
  if (walk.at - body - 16 > payload) throw damaged('a picture reaches over its frame')
  return image && joined(image, alpha, left, top)
}

interface Part {
  readonly start: number
  readonly end: number
}

type ImagePart = Part & ImageSize

function joined(image: ImagePart, alpha: Part | undefined, left: number, top: number): WebpPicture {
  if (alpha && alpha.start > image.start) throw damaged('alpha comes behind the picture it belongs to')
  return { ...image, start: alpha?.start ?? image.start, hasAlpha: alpha !== undefined, left, top }
}

/** Takes up to one chunk of alpha and one of a picture, in any order, and stops before the first that is neither. */
function storePicture(walk: Walk): { alpha: Part | undefined; image: ImagePart | undefined } {
  let alpha: Part | undefined
  let image: ImagePart | undefined
  do {
    const { type, size, next } = chunkAt(walk)
    const part = { start: walk.at, end: next }
    if (type === 'ALPH' && !alpha) alpha = part
    else if (type === 'VP8L' && alpha) throw damaged('a lossless picture has alpha beside it')
    else if ((type === 'VP8L' || type === 'VP8 ') && !image)
      image = { ...part, ...(type === 'VP8L' ? losslessSize : lossySize)(walk.reader, walk.at + 8, size) }
    else break
    walk.at = next
  } while (walk.at !== walk.end)
  return { alpha, image }
}

/** The chunk at `walk.at`: it must lie within the file, padding included. */
function chunkAt({ reader, at, end }: Walk): { type: string; size: number; next: number } {
  if (end - at < 8) throw damaged('there are bytes behind its last chunk')
  const size = reader.u32(at + 4, true)
  const next = at + 8 + size + (size & 1)
  if (size > MAX_PAYLOAD || next > end) throw damaged('a chunk reaches over its end')
  return { type: reader.text(at, 4), size, next }
}

/** The frame header of VP8 (RFC 6386, 9.1). */
function lossySize(reader: ByteReader, at: number, size: number): ImageSize {
  const bits = size < 10 ? -1 : u24(reader, at)
  const { width, height } = size < 10 ? { width: 0, height: 0 } : lossyFields(reader, at)
  const keyFrame = (bits & 1) === 0
  const shown = (bits >> 4) & 1
  const fits = keyFrame && ((bits >> 1) & 7) <= 3 && shown && bits >> 5 < size
  if (!fits || width === 0 || height === 0 || reader.text(at + 3, 3) !== '\x9d\x01\x2a')
    throw damaged('the header of a picture is damaged')
  return { width, height }
}

/** The header of VP8L (RFC 9649, 3.4). */
function losslessSize(reader: ByteReader, at: number, size: number): ImageSize {
  // Padding counts: libwebp looks at the chunk as it is stored.
  const bits = size + (size & 1) < 5 || reader.u8(at) !== 0x2f ? 2 ** 29 : reader.u32(at + 1, true)
  if (bits >= 2 ** 29) throw damaged('the header of a picture is damaged')
  return losslessFields(bits)
}

const lossyFields = (reader: ByteReader, at: number): ImageSize => ({
  width: reader.u16(at + 6, true) & 0x3fff,
  height: reader.u16(at + 8, true) & 0x3fff,
})

const losslessFields = (bits: number): ImageSize => ({
  width: (bits & 0x3fff) + 1,
  height: ((bits >>> 14) & 0x3fff) + 1,
})

const u24 = (reader: ByteReader, at: number): number => reader.u16(at, true) + reader.u8(at + 2) * 65536

const damaged = (why: string): Error => unreadable('WebP', why)

const PICTURE_CHUNKS = ['ALPH', 'VP8 ', 'VP8L']
const ANIMATED = 2
const ALPHA = 16
/** Animation, XMP, EXIF, alpha, ICC profile. */
const VALID_FLAGS = 0x3e
const MAX_PAYLOAD = 0xfffffff6
const MAX_AREA = 2 ** 32
