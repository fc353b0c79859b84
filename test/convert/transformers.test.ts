import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import {
  CLIPTextModelWithProjection,
  CLIPVisionModelWithProjection,
  env,
  LogLevel,
  Tensor,
} from '@huggingface/transformers'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { InferenceSession } from '../../src/backend/backend.ts'
import { modelOfFiles } from '../../src/backend/model-of-files.ts'
import { OrtNodeBackend } from '../../src/backend/ort-node/ort-backend-node.ts'
import { convertCheckpoints, writeRandomCheckpoint } from '../../src/convert/index.ts'
import { ClipTokenizer } from '../../src/text/clip-tokenizer.ts'
import { furthest } from './checkpoint-room.ts'

/** What converted folders promise: transformers.js' own CLIP classes load them and give the same embeddings. */
let folder: string
let out: string
const backend = new OrtNodeBackend()

beforeAll(async () => {
  env.logLevel = LogLevel.ERROR
  folder = await mkdtemp(join(tmpdir(), 'icthp-transformers-'))
  out = join(folder, 'out')
  await writeRandomCheckpoint(folder)
  await convertCheckpoints({
    ict: join(folder, 'ICT'),
    hp: join(folder, 'HP'),
    base: join(folder, 'base'),
    out,
    dtypes: ['fp32', 'fp16'],
  })
})
afterAll(async () => {
  await backend.dispose()
  await rm(folder, { recursive: true, force: true })
})

interface Model {
  (inputs: Record<string, Tensor>): Promise<Record<string, Tensor>>
  dispose(): Promise<unknown>
}
const options = { local_files_only: true, device: 'cpu' } as const

const load = (path: string): Promise<InferenceSession> =>
  backend.load(modelOfFiles(path, { path: join(out, path) }), { device: 'cpu' })

const pixels = (count: number): Float32Array =>
  Float32Array.from({ length: count * 3 * 224 * 224 }, (_, i) => Math.sin(i / 997) + Math.cos(i / 13))
const dims = (count: number): number[] => [count, 3, 224, 224]

describe.each(['ict', 'hp'])('%s: CLIPVisionModelWithProjection', (kind) => {
  it.each([
    ['fp32', '', 1e-5],
    ['fp16', '_fp16', 1e-5],
  ] as const)('%s gives the same embeddings', async (dtype, suffix, tolerance) => {
    const model = (await CLIPVisionModelWithProjection.from_pretrained(join(out, kind), {
      ...options,
      dtype,
    })) as unknown as Model
    const theirs = await model({ pixel_values: new Tensor('float32', pixels(2), dims(2)) })
    const session = await load(`${kind}/onnx/vision_model${suffix}.onnx`)
    const ours = await session.run({ pixel_values: { dtype: 'float32', dims: dims(2), data: pixels(2) } })
    expect(Object.keys(theirs)).toEqual(kind === 'hp' ? ['image_embeds', 'hp_logits'] : ['image_embeds'])
    for (const [name, tensor] of Object.entries(theirs)) {
      expect(tensor.dims).toEqual(name === 'hp_logits' ? [2] : [2, 1024])
      expect(furthest([tensor.data as Float32Array], [ours[name]!.data as Float32Array])).toBeLessThan(
        tolerance,
      )
    }
    await model.dispose()
    await session.dispose()
  })
})

describe('ict: CLIPTextModelWithProjection', () => {
  const tokenizer = new ClipTokenizer()
  const prompts = ['a tiny dragon in a teacup', '', 'a cat', 'a very '.repeat(60)]
  const feed = (ids: readonly (readonly number[])[]): { data: BigInt64Array; dims: [number, number] } => ({
    data: BigInt64Array.from(ids.flat(), BigInt),
    dims: [ids.length, ids[0]!.length],
  })

  it.each([
    ['fp32', '', 1e-5],
    ['fp16', '_fp16', 2e-2],
  ] as const)(
    '%s gives the same embeddings, padded to 77 tokens or not',
    async (dtype, suffix, tolerance) => {
      const model = (await CLIPTextModelWithProjection.from_pretrained(join(out, 'ict'), {
        ...options,
        dtype,
      })) as unknown as Model
      const session = await load(`ict/onnx/text_model${suffix}.onnx`)
      const ids = prompts.map((prompt) => tokenizer.encode(prompt))
      const padded = feed(ids.map((row) => [...row, ...Array.from({ length: 77 - row.length }, () => 0)]))
      const { text_embeds: theirs } = await model({
        input_ids: new Tensor('int64', padded.data, padded.dims),
      })
      expect(theirs!.dims).toEqual([prompts.length, 1024])
      const { text_embeds: ours } = await session.run({ input_ids: { dtype: 'int64', ...padded } })
      expect(furthest([theirs!.data as Float32Array], [ours!.data as Float32Array])).toBeLessThan(tolerance)
      for (const [i, row] of ids.entries()) {
        const { text_embeds: alone } = await session.run({ input_ids: { dtype: 'int64', ...feed([row]) } })
        expect(
          furthest(
            [alone!.data as Float32Array],
            [(theirs!.data as Float32Array).subarray(i * 1024, (i + 1) * 1024)],
          ),
        ).toBeLessThan(tolerance)
      }
      await model.dispose()
      await session.dispose()
    },
  )
})
