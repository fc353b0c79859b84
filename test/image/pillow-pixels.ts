import { createHash } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { brotliDecompressSync } from 'node:zlib'
import { expect } from 'vitest'
import type { RgbImage } from '../../src/image/raw-image.ts'

/** What Pillow makes of a file. */
export interface PillowAnswer {
  readonly width: number
  readonly height: number
  readonly rgbSha256: string
  /** Pillow refuses the file. */
  readonly error?: string
}

const folder = new URL('../fixtures/images/', import.meta.url)
/** By the names of the files. */
export const pillowAnswers: Readonly<Record<string, PillowAnswer>> = (
  JSON.parse(readFileSync(new URL('pillow.json', folder), 'utf8')) as { images: Record<string, PillowAnswer> }
).images

/** Where the pixels of a small picture begin in pixels.br; scripts/fixtures/pack-pixels.mjs has put them there. */
const places = new Map<string, number>()
let size = 0
const small = Object.values(pillowAnswers).filter(
  ({ error, width, height }) => !error && width * height <= 4096,
)
for (const [hash, { width, height }] of [...new Map(small.map((answer) => [answer.rgbSha256, answer]))].sort(
  ([a], [b]) => (a < b ? -1 : 1),
)) {
  places.set(hash, size)
  size += width * height * 3
}

let unpacked: Uint8Array | undefined
function pixelsOf({ rgbSha256, width, height }: PillowAnswer): Uint8Array | undefined {
  const at = places.get(rgbSha256)
  if (at === undefined) return undefined
  unpacked ??= brotliDecompressSync(readFileSync(new URL('pixels.br', folder)))
  if (unpacked.length !== size)
    throw new Error('pixels.br is older than pillow.json. Run `node scripts/fixtures/pack-pixels.mjs`.')
  return unpacked.subarray(at, at + width * height * 3)
}

/** Fails with the first pixels that are wrong, what they should be and what they are, where the picture is a small one. */
export function expectPillow({ width, height, data }: RgbImage, want: PillowAnswer): void {
  expect({ width, height }).toEqual({ width: want.width, height: want.height })
  const hash = createHash('sha256').update(data).digest('hex')
  if (hash === want.rgbSha256) return
  const pixels = pixelsOf(want)
  if (pixels) expect.fail(differences(data, pixels, width))
  expect(hash).toBe(want.rgbSha256)
}

/** For example `2 of 2623 pixels are wrong: (3, 0) is 12 0 255 instead of 13 0 255, …`. */
export function differences(data: Uint8Array, want: Uint8Array, width: number): string {
  const wrong: string[] = []
  for (let at = 0; at < want.length; at += 3) {
    const [is, should] = [data, want].map((from) => from.subarray(at, at + 3).join(' '))
    const pixel = at / 3
    if (is !== should)
      wrong.push(`(${pixel % width}, ${Math.floor(pixel / width)}) is ${is} instead of ${should}`)
  }
  const shown = wrong.slice(0, 5).join(', ')
  return `${wrong.length} of ${want.length / 3} pixels are wrong: ${shown}${wrong.length > 5 ? ', …' : ''}`
}
