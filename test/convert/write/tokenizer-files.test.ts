import { createHash } from 'node:crypto'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { AutoTokenizer, env } from '@huggingface/transformers'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { tokenizerFiles } from '../../../src/convert/write/tokenizer-files.ts'
import { ClipTokenizer } from '../../../src/text/clip-tokenizer.ts'

const PROMPTS = [
  'a tiny dragon taking a bath in a teacup',
  'A Photo of a CAT, 4k, 1234 megapixels (award-winning)',
  "they'll say it's mine, don't they?",
  'wow!! so; many... punctuation-marks & #hashtags @someone',
  '',
  '   spaces   all   over   ',
]

const folder = mkdtempSync(join(tmpdir(), 'icthp-tokenizer-'))
let tokenizer: Awaited<ReturnType<typeof AutoTokenizer.from_pretrained>>

beforeAll(async () => {
  for (const [name, text] of Object.entries(tokenizerFiles())) writeFileSync(join(folder, name), text)
  env.allowRemoteModels = false
  tokenizer = await AutoTokenizer.from_pretrained(folder, { local_files_only: true })
})

afterAll(() => rmSync(folder, { recursive: true }))

test('transformers.js loads them and gives the same ids for plain prompts', () => {
  const ours = new ClipTokenizer()
  for (const prompt of PROMPTS) {
    const { input_ids } = tokenizer(prompt, { return_tensor: false }) as { input_ids: number[] }
    expect(input_ids, prompt).toEqual(ours.encode(prompt))
  }
})

test('pads after the end mark, so that the answer is taken at the same place', () => {
  const { input_ids } = tokenizer(PROMPTS.slice(0, 2), { padding: 'max_length', max_length: 77 }) as {
    input_ids: { dims: number[]; data: BigInt64Array }
  }
  expect(input_ids.dims).toEqual([2, 77])
  const row = Array.from(input_ids.data.subarray(0, 77), Number)
  const ids = new ClipTokenizer().encode(PROMPTS[0]!)
  expect(row.slice(0, ids.length)).toEqual(ids)
  expect(new Set(row.slice(ids.length))).toEqual(new Set([49407]))
})

test('hold the whole vocabulary and the merges of CLIP', () => {
  const { model } = JSON.parse(tokenizerFiles()['tokenizer.json']) as {
    model: { vocab: Record<string, number>; merges: string[] }
  }
  expect(Object.keys(model.vocab)).toHaveLength(49408)
  expect(new Set(Object.values(model.vocab)).size).toBe(49408)
  expect(model.vocab['!']).toBe(0)
  expect(model.vocab['cat</w>']).toBe(2368)
  // The hash that scripts/pack-vocabulary.mjs checks in the original file.
  expect(createHash('sha256').update(model.merges.join('\n')).digest('hex')).toBe(
    'f61f2adf497e6f5357c347aeb4646fabe82f341e946de5bdec5d2858e41bef4a',
  )
})

test('tokenizer_config.json carries the context length', () => {
  expect(JSON.parse(tokenizerFiles(40)['tokenizer_config.json'])).toMatchObject({
    tokenizer_class: 'CLIPTokenizer',
    model_max_length: 40,
  })
})
