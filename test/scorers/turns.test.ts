import { expect, test } from 'vitest'
import { sleep } from '../../src/base/waiting/sleep.ts'
import type { ImageDecoder } from '../../src/image/decoder.ts'
import type { ImageInput } from '../../src/image/inputs/image-input.ts'
import { takeImage } from '../../src/image/inputs/take-image.ts'
import { encodeStream } from '../../src/scorers/encode/encode-stream.ts'
import { VisionEncoder } from '../../src/scorers/encode/vision-encoder.ts'

/** An encoder of crops of 224², and how many images were decoded and not encoded yet, at most. */
function counted(batchSize: number): { encoder: VisionEncoder; most: () => number } {
  let held = 0
  let most = 0
  const decoder: ImageDecoder = {
    name: 'counting',
    decode: () => Promise.reject(new Error('not asked for')),
    crop: async () => {
      most = Math.max(most, ++held)
      await sleep()
      return { data: new Uint8Array(224 * 224 * 3), size: 224, width: 224, height: 224 }
    },
    dispose: async () => {},
  }
  const tower = {
    name: 'counting',
    run: async ({ pixel_values }: { pixel_values: { dims: readonly number[] } }) => {
      await Promise.resolve()
      const [count] = pixel_values.dims
      held -= count!
      return { image_embeds: new Float32Array(count!) }
    },
    dispose: async () => {},
  }
  const preprocess = { size: 224, mean: [0, 0, 0], std: [1, 1, 1] } as const
  const parts = { tower: tower as never, decoder, preprocess, projectionDim: 1, head: false, batchSize }
  return { encoder: new VisionEncoder(parts), most: () => most }
}

async function indexes(encoder: VisionEncoder, images: readonly ImageInput[], signal?: AbortSignal) {
  const seen: number[] = []
  for await (const { index } of encodeStream([encoder], images, { signal })) seen.push(index)
  return seen
}

test('of 400 calls at once only so many decode, the others wait their turn', async () => {
  const { encoder, most } = counted(8)
  const all = await Promise.all(Array.from({ length: 400 }, (_, i) => indexes(encoder, [`${i}.png`])))
  expect(all).toEqual(Array(400).fill([0]))
  expect(most()).toBe(89)
})

test('lists wait as well, each counted with what it decodes ahead', async () => {
  const { encoder, most } = counted(8)
  const list = Array.from({ length: 50 }, (_, i) => `${i}.png`)
  const all = await Promise.all(Array.from({ length: 20 }, () => indexes(encoder, list)))
  expect(all).toEqual(Array(20).fill(list.map((_, i) => i)))
  // Three lists at a time, and what those that lost their turn had decoded ahead.
  expect(most()).toBeLessThan(20 * 24)
})

test('a call within the loop over a stream, and one within the source of a stream, need no turn of theirs', async () => {
  const { encoder } = counted(8)
  const many = Array.from({ length: 300 }, async (_, i) => {
    async function* source(): AsyncGenerator<string> {
      yield `${i}.png`
      await indexes(encoder, ['inner.png'])
      yield 'second.png'
    }
    const seen: number[] = []
    for await (const { index } of encodeStream([encoder], source())) {
      seen.push(...(await indexes(encoder, ['in the loop.png'])), index)
    }
    return seen
  })
  expect(await Promise.all(many)).toEqual(Array(300).fill([0, 0, 0, 1]))
})

test('one that waits for its turn can be aborted, and the others go on', async () => {
  const { encoder } = counted(8)
  const controller = new AbortController()
  const calls = Array.from({ length: 200 }, (_, i) =>
    indexes(encoder, [`${i}.png`], i % 2 ? controller.signal : undefined).then(
      () => 'scored',
      (error: unknown) => error,
    ),
  )
  const reason = new Error('enough')
  controller.abort(reason)
  expect(await Promise.all(calls)).toEqual(calls.map((_, i) => (i % 2 ? reason : 'scored')))
})

test('with transfer nothing is copied, and the same memory is copied again when it comes without', () => {
  const bytes = new Uint8Array([1, 2, 3, 4]).subarray(1, 3)
  const taken = takeImage(bytes, true) as Uint8Array
  expect(taken).toEqual(bytes)
  expect(taken.buffer).toBe(bytes.buffer)
  expect((takeImage(bytes) as Uint8Array).buffer).not.toBe(bytes.buffer)
  const raw = { data: new Uint8ClampedArray(4), width: 1, height: 1, channels: 4 }
  const shared = takeImage(raw, true) as typeof raw
  expect(shared).toEqual(raw)
  expect(shared.data.buffer).toBe(raw.data.buffer)
  expect((takeImage(raw) as typeof raw).data.buffer).not.toBe(raw.data.buffer)
})
