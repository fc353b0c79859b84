import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { openCheckpoint } from '../../../src/checkpoint/checkpoint.ts'
import { refusal } from '../refusal.ts'
import { dictOf, floatTensor, storedZip } from '../stored-archive.ts'

let root: string
let next = 0
beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), 'icthp-foreign-'))
})
afterAll(() => rm(root, { recursive: true }))

const weights = storedZip({
  'data.pkl': dictOf({ a: floatTensor('0', 1, 0, [1], [1]) }),
  'data/0': new Uint8Array(Float32Array.of(1).buffer),
})

async function folder(paths: readonly string[]): Promise<string> {
  const made = join(root, String(next++))
  for (const path of paths) {
    await mkdir(dirname(join(made, path)), { recursive: true })
    await writeFile(join(made, path), weights)
  }
  return made
}

const ZERO = 'zero_pp_rank_0_mp_rank_00_optim_states.pt'
test.each([
  ['deepspeed-zero', ['zero_to_fp32.py', 'latest', `global_step10/${ZERO}`], '', 'zero_to_fp32'],
  ['deepspeed-zero', ['mp_rank_00_model_states.pt', ZERO, `bf16_${ZERO}`], '', 'zero_to_fp32'],
  ['deepspeed-zero', ['a/mp_rank_00_model_states.pt'], '', 'zero_to_fp32'],
  ['deepspeed-zero', [ZERO], ZERO, 'zero_to_fp32'],
  ['distributed-checkpoint', ['.metadata', '__0_0.distcp', '__1_0.distcp'], '', 'dcp_to_torch'],
  [
    'distributed-checkpoint',
    ['pytorch_model_fsdp_0/.metadata', 'pytorch_model_fsdp_0/__0_0.distcp'],
    '',
    'dcp_to_torch',
  ],
  ['distributed-checkpoint', ['.metadata', '__0_0.distcp', 'meta.pt'], '', 'dcp_to_torch'],
  ['distributed-checkpoint', ['.metadata', '__0_0.distcp'], '__0_0.distcp', 'dcp_to_torch'],
  ['distributed-checkpoint', ['.metadata', '__0_0.distcp'], '.metadata', 'dcp_to_torch'],
  ['adapter', ['adapter_config.json', 'adapter_model.safetensors'], '', 'Merge it'],
  ['adapter', ['adapter_model.bin'], '', 'Merge it'],
])('%s: %j %s', async (kind, paths, file, says) => {
  const error = await refusal(join(await folder(paths), file))
  expect([error.code, error.details['kind'], error.message]).toEqual([
    'checkpoint_unreadable',
    kind,
    expect.stringContaining(says),
  ])
})

test.each([
  [['zero_to_fp32.py', 'global_step10/x', 'pytorch_model.bin'], 'pytorch_model.bin'],
  [['zero_to_fp32.py', ZERO, 'whole.pt'], 'whole.pt'],
  [['adapter_config.json', 'adapter_model.bin', 'merged.bin'], 'merged.bin'],
])('weights that are whole are read beside them: %j', async (paths, name) => {
  const path = await folder(paths)
  await using checkpoint = await openCheckpoint(path)
  expect(checkpoint.path).toBe(join(path, name))
})

test('model states that hold whole weights may be named', async () => {
  await using checkpoint = await openCheckpoint(
    join(await folder(['mp_rank_00_model_states.pt']), 'mp_rank_00_model_states.pt'),
  )
  expect([...checkpoint.tensors.keys()]).toEqual(['a'])
})
