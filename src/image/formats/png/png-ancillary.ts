import type { Inflate } from '../../codecs/image-codecs.ts'
import { truncated, unreadable } from '../../image-errors.ts'
import { ByteReader } from '../byte-reader.ts'
import type { PngChunk } from './png-chunks.ts'
import type { PngHeader } from './png-rows.ts'

/** What Pillow makes of the chunks that are not pixels: those it cannot make sense of it refuses the file for, text and all. */
export class PngAncillary {
  readonly #inflate: Inflate
  /** Of the frames of an APNG, the number that comes next. */
  #sequence = 0
  /** Frames of an animation that come behind the default picture, as far as is known. */
  #frames = 0
  #framed = false

  constructor(inflate: Inflate) {
    this.#inflate = inflate
  }

  /** Pillow takes the file for an animation: the default picture counts where it is no frame. */
  get animated(): boolean {
    return this.#frames > 1 || (this.#frames === 1 && !this.#framed)
  }

  /** Throws `ImageError` `image_unreadable`. `header` is what has come of it so far. */
  async check({ type, body }: PngChunk, header: PngHeader | undefined): Promise<void> {
    const least = LEAST[type] ?? (type === 'tRNS' && header ? leastTransparency(header) : 0)
    if (body.length < least) throw damaged(type)
    if (type === 'cHRM' && body.length % 4 !== 0) throw damaged(type)
    if (type === 'IHDR' && body[11] !== 0) throw unreadable('PNG', 'its filter method is unknown')
    if (type === 'fcTL') this.#checkFrame(body, header)
    else if (type === 'fdAT') this.#count(body, type)
    else if (type === 'acTL') this.#checkAnimation(body)
    else if (type === 'zTXt' || type === 'iCCP' || type === 'iTXt') await this.#checkCompressed(type, body)
  }

  #checkFrame(body: Uint8Array, header: PngHeader | undefined): void {
    this.#framed = true
    this.#count(body, 'fcTL')
    const reader = readerOf(body)
    const [width, height, x, y] = [4, 8, 12, 16].map((at) => reader.u32(at, false)) as [
      number,
      number,
      number,
      number,
    ]
    if (x + width > (header?.width ?? 0) || y + height > (header?.height ?? 0)) throw damaged('fcTL')
  }

  #count(body: Uint8Array, type: string): void {
    if (readerOf(body).u32(0, false) !== this.#sequence++) throw damaged(type)
  }

  #checkAnimation(body: Uint8Array): void {
    const frames = readerOf(body).u32(0, false)
    // One that is said twice holds for none.
    this.#frames = this.#frames === 0 && frames <= 0x80000000 ? frames : 0
  }

  /** Text and profiles that unfold to more than a mebibyte are refused; those that do not unfold are passed over. */
  async #checkCompressed(type: string, body: Uint8Array): Promise<void> {
    const name = body.indexOf(0)
    let packed = body.subarray(name + 2)
    if (type === 'iCCP') {
      if (body[name + 1] !== 0) throw damaged(type)
    } else if (type === 'zTXt') {
      if (name < 0) return
      if ((body[name + 1] ?? 0) !== 0) throw damaged(type)
    } else {
      const language = body.indexOf(0, name + 3)
      const keyword = language < 0 ? -1 : body.indexOf(0, language + 1)
      if (name < 0 || keyword < 0 || body[name + 1] === 0 || body[name + 2] !== 0) return
      packed = body.subarray(keyword + 1)
    }
    if (packed.length * MOST_RATIO <= MOST_TEXT) return
    const text = await Promise.resolve(packed)
      .then((data) => this.#inflate(data, MOST_TEXT + 1))
      .catch(() => undefined)
    if (text && text.length > MOST_TEXT)
      throw unreadable('PNG', `its ${type} chunk unfolds to more than ${MOST_TEXT} bytes`)
  }
}

/** Chunks behind the pixels: their checksums Pillow does not look at, but all of each must be there. */
export async function checkTail(
  chunks: Iterable<PngChunk>,
  ancillary: PngAncillary,
  header: PngHeader,
): Promise<void> {
  const { animated } = ancillary
  for (const chunk of chunks) {
    const { type } = chunk
    if (!isType(type) || type === 'IEND' || (type === 'fcTL' && animated)) return
    if (chunk.bodyCut) throw truncated('PNG', `it ends within its ${type} chunk`)
    await ancillary.check(chunk, header)
  }
}

/** What Pillow takes for the name of a chunk. */
export const isType = (type: string): boolean => /^\w{4}$/.test(type)

/** Bytes that a chunk has at the least. */
const LEAST: Readonly<Record<string, number>> = {
  IHDR: 13,
  gAMA: 4,
  sRGB: 1,
  pHYs: 9,
  acTL: 8,
  fcTL: 26,
  fdAT: 4,
}

function leastTransparency({ colour }: PngHeader): number {
  if (colour === 0) return 2
  return colour === 2 ? 6 : 0
}

const readerOf = (body: Uint8Array): ByteReader =>
  new ByteReader(body, () => unreadable('PNG', 'a chunk is too short'))

const damaged = (type: string): Error => unreadable('PNG', `its ${type} chunk is damaged`)

/** `PngImagePlugin.MAX_TEXT_CHUNK`. */
const MOST_TEXT = 1 << 20
/** Deflate makes no more of a byte. */
const MOST_RATIO = 1032
