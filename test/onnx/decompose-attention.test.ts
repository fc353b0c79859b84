import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import * as ort from 'onnxruntime-node'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import {
  ATTENTION_CHECKS,
  ATTENTION_TOLERANCE,
  attentionAnswer,
  attentionInput,
  attentionModel,
} from '../../src/backend/attention-check.ts'
import type { Tensors } from '../../src/backend/backend.ts'
import { runOrtSession } from '../../src/backend/run-ort-session.ts'
import { convertCheckpoints } from '../../src/convert/convert-checkpoints.ts'
import { writeRandomCheckpoint } from '../../src/convert/random-checkpoint.ts'
import { selfTestInput } from '../../src/models/self-test.ts'
import { decomposeAttention } from '../../src/onnx/decompose-attention.ts'
import { readFields } from '../../src/onnx/protobuf.ts'

const run = async (model: Uint8Array | string, inputs: Tensors): Promise<Tensors> => {
  // The overloads of a path and of bytes.
  const session = await (typeof model === 'string'
    ? ort.InferenceSession.create(model, QUIET)
    : ort.InferenceSession.create(model, QUIET))
  try {
    return await runOrtSession(ort, session, inputs)
  } finally {
    await session.release()
  }
}
const QUIET = { executionProviders: ['cpu'], logSeverityLevel: 4 } as const
const worst = (a: ArrayLike<number | bigint>, b: ArrayLike<number | bigint>): number =>
  Array.from({ length: b.length }, (_, i) => Math.abs(Number(a[i]) - Number(b[i]))).reduce(
    (most, value) => Math.max(most, value),
    0,
  )
/** As an operator: field 4 of a node. Values are named after it too. */
const holdsFused = (model: Uint8Array): boolean => Buffer.from(model).includes('\x22\x12MultiHeadAttention')

describe.each(ATTENTION_CHECKS)('attention of $tokens tokens, causal: $causal', (check) => {
  test.each([
    ['fused', (model: Uint8Array) => model],
    ['decomposed', decomposeAttention],
  ])('%s, gives what the closed form gives', async (_name, change) => {
    const model = change(attentionModel(check))
    expect(holdsFused(model)).toBe(change !== decomposeAttention)
    const { y } = await run(model, attentionInput(check))
    const answer = attentionAnswer(check)
    expect(worst(y!.data, Array.from(answer))).toBeLessThan(ATTENTION_TOLERANCE / 100)
    // What the check must tell apart: a kernel that sees only the first 32 tokens.
    expect(answer.some((value) => Math.abs(value) > 0.1)).toBe(true)
  })
})

describe('towers', () => {
  let folder: string
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'icthp-decompose-'))
    await writeRandomCheckpoint(join(folder, 'checkpoints'))
    await convertCheckpoints({
      ict: join(folder, 'checkpoints/ICT'),
      base: join(folder, 'checkpoints/base'),
      out: folder,
      dtypes: ['fp32', 'fp16'],
    })
  })
  afterAll(() => rm(folder, { recursive: true, force: true }))

  test.each([
    ['vision', '', 1e-5],
    ['text', '', 1e-5],
    ['vision', '_fp16', 1e-2],
    ['text', '_fp16', 1e-2],
  ] as const)('%s%s answers as before', async (tower, suffix, tolerance) => {
    const path = join(folder, `ict/onnx/${tower}_model${suffix}.onnx`)
    const changed = decomposeAttention(await readFile(path))
    expect(holdsFused(changed)).toBe(false)
    const beside = path.replace('.onnx', '.decomposed.onnx')
    await writeFile(beside, changed)
    const inputs = selfTestInput(tower, { size: 224, contextLength: 77 })
    const output = tower === 'vision' ? 'image_embeds' : 'text_embeds'
    const before = (await run(path, inputs))[output]!.data
    const after = (await run(beside, inputs))[output]!.data
    expect(worst(after, before)).toBeLessThan(tolerance * worst(before, new Float32Array(before.length)))
  })
})

test('what is no protobuf is refused', () => {
  expect(() => [...readFields(Uint8Array.of(0x3a, 100, 1))]).toThrow('not a protobuf message')
  expect(() => decomposeAttention(Uint8Array.of(0xff))).toThrow('not a protobuf message')
})
