import { createHash } from 'node:crypto'
import { ImageError } from '../../../src/base/errors.ts'
import type { ImageCodecs } from '../../../src/image/codecs/image-codecs.ts'
import { decodeImage, toRgb } from '../../../src/image/decode-image.ts'
import { sniffImage } from '../../../src/image/sniff.ts'
import { codecSets } from '../../image/codec-sets.ts'
import { corpusOf } from '../corpus.ts'
import type { FuzzTarget } from '../fuzz.ts'

/** What a file may be refused with once its bytes are there. */
const CODES = [
  'image_empty',
  'image_truncated',
  'image_unreadable',
  'image_unsupported',
  'image_zero_size',
  'image_too_large',
]
/** Formats in which both paths must end alike: for the others, disagreements are counted and do not fail. */
const STRICT = ['PNG', 'GIF', 'BMP', 'TIFF', 'JPEG', 'WebP']

export const pictures: FuzzTarget['corpus'] = corpusOf('images', /\.(avif|bmp|gif|jpg|png|tif|webp)$/)

/** Both paths end in the same pixels or both refuse, with a code of `ImageError`. */
export const images: FuzzTarget = {
  name: 'images',
  corpus: pictures,
  async run(mutant) {
    const [one, other] = await Promise.all(codecSets.map((codecs) => decoded(mutant, codecs)))
    if (one === other) return one!.includes('×') ? 'pixels' : 'refused'
    if (!one!.includes('×') && !other!.includes('×')) return 'refused with two codes'
    const { format } = sniffImage(mutant)
    if (STRICT.includes(format.name)) throw new Error(`the paths differ: ${one} and ${other}`)
    return `${format.name}: ${one!.includes('×') && other!.includes('×') ? 'other pixels' : 'refused by one path'}`
  },
}

async function decoded(bytes: Uint8Array, codecs: ImageCodecs): Promise<string> {
  try {
    const { width, height, data } = toRgb(await decodeImage(bytes.slice(), codecs, 1_000_000))
    if (data.length !== width * height * 3) throw new Error(`${data.length} bytes for ${width}×${height}`)
    return `${width}×${height} ${createHash('sha256').update(data).digest('hex')}`
  } catch (error) {
    if (error instanceof ImageError && CODES.includes(error.code)) return error.code
    throw new Error(`${codecs.name}: ${String(error)}`, { cause: error })
  }
}
