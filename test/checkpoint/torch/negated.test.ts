import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { openCheckpoint } from '../../../src/checkpoint/checkpoint.ts'
import { refusal } from '../refusal.ts'
import { dictOf, floatTensor, op, storedZip } from '../stored-archive.ts'

let root: string
beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), 'icthp-negated-'))
})
afterAll(() => rm(root, { recursive: true }))

/** `_rebuild_tensor_v2(…, {})` with a seventh argument behind its hooks: the metadata, as torch writes it for views. */
function withMetadata(bit: string): Buffer {
  const plain = floatTensor('0', 1, 0, [1], [1])
  // tuple, reduce at the end: the metadata goes before them.
  const metadata = Buffer.concat([op.emptyDict, op.text(bit), op.raw(0x88), op.setItem])
  return Buffer.concat([plain.subarray(0, -2), metadata, plain.subarray(-2)])
}

test.each(['neg', 'conj'])(
  'a tensor that is stored with its %s bit set is refused, not read with the wrong sign',
  async (bit) => {
    const path = join(root, `${bit}.pt`)
    const files = { 'data.pkl': dictOf({ a: withMetadata(bit) }), 'data/0': new Uint8Array(4) }
    await writeFile(path, storedZip(files))
    const error = await refusal(path)
    expect([error.code, error.message]).toEqual([
      'checkpoint_unreadable',
      expect.stringContaining(`resolve_${bit}()`),
    ])
  },
)

test('such a tensor beside the weights is passed over', async () => {
  const path = join(root, 'beside.pt')
  const weights = dictOf({ a: floatTensor('0', 1, 0, [1], [1]) }).subarray(2, -1)
  const files = {
    'data.pkl': dictOf({ model: weights, x: withMetadata('conj') }),
    'data/0': new Uint8Array(4),
  }
  await writeFile(path, storedZip(files))
  await using checkpoint = await openCheckpoint(path)
  expect([[...checkpoint.tensors.keys()], checkpoint.skipped]).toEqual([['a'], ['x']])
})

test.each([3, 5, 8])(
  'a storage of 4 bytes in an entry of %d is refused, as torch refuses it',
  async (length) => {
    const path = join(root, `${length}.pt`)
    await writeFile(
      path,
      storedZip({
        'data.pkl': dictOf({ a: floatTensor('0', 1, 0, [1], [1]) }),
        'data/0': new Uint8Array(length),
      }),
    )
    expect((await refusal(path)).code).toBe('checkpoint_unreadable')
  },
)
