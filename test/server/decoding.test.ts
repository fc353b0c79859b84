import { expect, test } from 'vitest'
import { giveAway, isGivenAway } from '../../src/base/memory/given-away.ts'
import type { ImageCrop } from '../../src/image/preprocess.ts'
import { Decoding, type PictureOutcome } from '../../src/server/desk/decoding.ts'
import { NO_OBSERVER } from '../../src/server/desk/desk-observer.ts'
import type { VisionEntry, VisionLine } from '../../src/server/desk/vision-line.ts'

/** Decodes each picture of the given memory as a decoder in another thread does: what is given away is gone afterwards. */
async function decode(image: Uint8Array, sizes: readonly number[]): Promise<Record<string, unknown>> {
  const seen: string[] = []
  const forgotten: number[] = []
  const line = (size: number): VisionLine => {
    const crop = async (source: Uint8Array): Promise<ImageCrop> => {
      seen.push(`${size}: ${new TextDecoder().decode(source)}`)
      if (isGivenAway(source)) structuredClone(source, { transfer: [source.buffer as ArrayBuffer] })
      return { data: new Uint8Array(3 * size ** 2), size, width: size, height: size }
    }
    const forget = (crop: ImageCrop): void => void forgotten.push(crop.size)
    const preprocess = { size, mean: [0, 0, 0], std: [1, 1, 1] }
    const add = ({ fill, settle }: VisionEntry): (() => void) => {
      fill(new Float32Array(3 * size ** 2), 0)
      queueMicrotask(() => settle([{ embeds: new Float32Array(1) }]))
      return () => {}
    }
    return { encoder: { parts: { preprocess }, crop, forget }, add } as unknown as VisionLine
  }
  const outcome = await new Promise<PictureOutcome>((onDone) =>
    new Decoding(8, undefined, NO_OBSERVER).add({
      order: 0,
      image,
      lines: sizes.map(line),
      onDecoded: () => {},
      onDone,
    }),
  )
  return { answers: (outcome as unknown[]).length, seen, forgotten }
}

const bytes = (): Uint8Array => new TextEncoder().encode('a cat')

test('towers of one size share a crop, which is forgotten once all have it', async () => {
  expect(await decode(bytes(), [2, 2])).toEqual({ answers: 2, seen: ['2: a cat'], forgotten: [2] })
})

test('memory that is given away is taken by the last crop only', async () => {
  const image = giveAway(bytes())
  const seen = ['2: a cat', '3: a cat']
  expect(await decode(image, [2, 3, 2])).toEqual({ answers: 3, seen, forgotten: [2, 3] })
  expect(image).toHaveLength(0)
})
