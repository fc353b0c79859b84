import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it, test } from 'vitest'
import { openCheckpoint } from '../../../src/checkpoint/checkpoint.ts'
import { refusal } from '../refusal.ts'
import { dictOf, floatTensor, op, storedZip } from '../stored-archive.ts'

let folder: string
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'icthp-pickle-'))
})
afterAll(() => rm(folder, { recursive: true }))

const twelve = new Uint8Array(Float32Array.from({ length: 12 }, (_, i) => i).buffer)

async function save(
  pickle: Uint8Array,
  entries: Record<string, Uint8Array> = { 'data/0': twelve },
): Promise<string> {
  const path = join(folder, 'case.bin')
  await writeFile(path, storedZip({ 'data.pkl': pickle, ...entries }))
  return path
}

const program = (...parts: Uint8Array[]): Buffer => Buffer.concat([op.proto, ...parts, op.stop])
const repeat = (count: number, part: (i: number) => Uint8Array): Buffer =>
  Buffer.concat(Array.from({ length: count }, (_, i) => part(i)))

describe('a pickle that asks for more than data', () => {
  const call = (path: string): Buffer => program(op.global(path), op.emptyTuple, op.reduce)
  const cases: [name: string, pickle: Buffer, says: string][] = [
    ['a module function', call('os.system'), 'os.system'],
    ["Python 2's builtins", call('__builtin__.eval'), 'builtins.eval'],
    ['a torch function off the list', call('torch.load'), 'torch.load'],
    ['a call of a storage class', call('torch.FloatStorage'), 'a call of torch.FloatStorage'],
    [
      'a call of a string',
      program(op.text('x'), op.emptyTuple, op.reduce),
      'a call of something that is not a function',
    ],
    [
      'STACK_GLOBAL',
      program(op.text('os'), op.text('system'), op.raw(0x93)),
      'pickle opcode 0x93 at byte 20',
    ],
    ['INST', program(op.mark, op.raw(0x69)), 'pickle opcode 0x69'],
    ['OBJ', program(op.mark, op.raw(0x6f)), 'pickle opcode 0x6f'],
    ['EXT1', program(op.raw(0x82, 1)), 'pickle opcode 0x82'],
    [
      'state set on a dict',
      program(op.emptyDict, op.emptyDict, op.build),
      'state set on something that is not an OrderedDict',
    ],
    [
      'items set on a list',
      program(op.emptyList, op.false, op.false, op.setItem),
      'items set on something that is not a dict',
    ],
    [
      'items appended to a tuple',
      program(op.emptyTuple, op.false, op.append),
      'items appended to something that is not a list',
    ],
  ]
  for (const [name, pickle, says] of cases) {
    it(`is refused: ${name}`, async () => {
      const error = await refusal(await save(pickle))
      expect(error.code).toBe('checkpoint_unsafe')
      expect(error.message).toContain(says)
      expect(error.message).toContain('nothing was run')
    })
  }
})

describe('a pickle that names what is not known', () => {
  const made = (path: string): Buffer => program(op.global(path), op.emptyTuple, op.reduce)
  test.each(['torch.nn.parameter.Parameter.__init__', 'constructor.__proto__', 'my.Model'])(
    'holds no weights where that is all: %s',
    async (path) => {
      const error = await refusal(await save(made(path)))
      expect([error.code, error.message]).toEqual([
        'checkpoint_unreadable',
        expect.stringContaining(`it holds an object of ${path}, not weights`),
      ])
    },
  )
})

test('a distributed tensor is told as one', async () => {
  const args = Buffer.concat([op.mark, op.global('torch.distributed.tensor.DTensor'), op.tuple])
  const tensor = Buffer.concat([op.global('torch._utils._rebuild_wrapper_subclass'), args, op.reduce])
  const error = await refusal(await save(dictOf({ a: tensor })))
  expect(error.message).toContain('a is a part of a distributed tensor (DTensor). Call full_tensor()')
})

test('a whole model that was compiled is told as one, and not as something that could run code', async () => {
  const made = (path: string, args: Buffer = op.emptyTuple): Buffer =>
    Buffer.concat([op.global(path), args, op.reduce])
  const fields = ['_parameters', '_modules'].map((name) =>
    Buffer.concat([op.text(name), op.emptyDict, op.setItem]),
  )
  const model = Buffer.concat([made('my.Model'), op.emptyDict, ...fields, op.build])
  const args = Buffer.concat([op.mark, model, made('torch._dynamo.eval_frame.OptimizeContext'), op.tuple])
  const error = await refusal(await save(program(made('torch._dynamo.eval_frame.OptimizedModule', args))))
  expect([error.code, error.message]).toEqual([
    'checkpoint_unreadable',
    expect.stringContaining('a whole model'),
  ])
})

describe('a broken pickle', () => {
  const tensor = (length: number, offset: number, shape: number[], strides: number[]): Buffer =>
    dictOf({ a: floatTensor('0', length, offset, shape, strides) })
  const outside = 'lies outside its storage'
  const senseless = 'shape, strides or storage make no sense'
  const cases: [name: string, pickle: Buffer, code: string, says: string][] = [
    ['an empty stack', program(), 'checkpoint_unreadable', 'its stack is empty'],
    ['a tuple without a mark', program(op.tuple), 'checkpoint_unreadable', 'no mark is set'],
    ['an unset memo', program(op.get(7)), 'checkpoint_unreadable', 'memo 7 is not set'],
    ['no end', Buffer.concat([op.proto, op.emptyDict]), 'checkpoint_truncated', 'ends within the pickle'],
    [
      'a string of 4 GB',
      program(op.raw(0x58, 255, 255, 255, 255)),
      'checkpoint_truncated',
      'ends within the pickle',
    ],
    [
      'a string that is not UTF-8',
      program(op.raw(0x58, 1, 0, 0, 0, 0xff)),
      'checkpoint_unreadable',
      'not UTF-8',
    ],
    [
      'a storage that is none',
      program(op.text('x'), op.persistentId),
      'checkpoint_unreadable',
      'not a storage',
    ],
    [
      'a device that there is not',
      Buffer.from(
        dictOf({ a: floatTensor('0', 12, 0, [12], [1]) })
          .toString('latin1')
          .replace('cpu', 'cqu'),
        'latin1',
      ),
      'checkpoint_unreadable',
      'not a storage',
    ],
    [
      'a dict as a key',
      program(op.emptyDict, op.emptyDict, op.false, op.setItem),
      'checkpoint_unreadable',
      'a list or a dict as a key',
    ],
    [
      'a tensor beside the weights that leaves its storage',
      dictOf({
        a: floatTensor('0', 12, 0, [12], [1]),
        b: dictOf({ x: floatTensor('0', 12, 1, [12], [1]) }).subarray(2, -1),
      }),
      'checkpoint_unreadable',
      outside,
    ],
    [
      'millions of operations',
      program(Buffer.alloc(2_000_001, op.emptyTuple)),
      'checkpoint_unreadable',
      'more than 2000000 operations',
    ],
    [
      'a cut key',
      program(op.emptyDict, op.mark, op.text('k'), op.raw(0x75)),
      'checkpoint_unreadable',
      'a key without a value',
    ],
    ['a shape beyond the storage', tensor(12, 0, [13], [1]), 'checkpoint_unreadable', outside],
    ['an offset beyond it', tensor(12, 10, [3], [1]), 'checkpoint_unreadable', outside],
    ['strides beyond it', tensor(12, 0, [2, 2], [11, 1]), 'checkpoint_unreadable', outside],
    ['a claim of 2^60 elements', tensor(12, 0, [2 ** 30, 2 ** 30], [0, 0]), 'checkpoint_unreadable', outside],
    ['a claim of 2^29 elements', tensor(12, 0, [2 ** 29], [0]), 'checkpoint_unreadable', outside],
    ['a negative stride', tensor(12, 11, [3], [-1]), 'checkpoint_unreadable', senseless],
    ['a negative size', tensor(12, 0, [-1], [1]), 'checkpoint_unreadable', senseless],
    ['fewer strides than sizes', tensor(12, 0, [2, 2], [1]), 'checkpoint_unreadable', senseless],
    [
      'a storage longer than its entry',
      tensor(13, 0, [13], [1]),
      'checkpoint_unreadable',
      'archive/data/0 has 48 bytes where 52 are needed',
    ],
    [
      'a storage that is not there',
      dictOf({ a: floatTensor('9', 1, 0, [1], [1]) }),
      'checkpoint_truncated',
      'data/9',
    ],
    [
      'a storage in another folder',
      dictOf({ a: floatTensor('../x', 1, 0, [1], [1]) }),
      'checkpoint_truncated',
      'data/../x',
    ],
  ]
  for (const [name, pickle, code, says] of cases) {
    it(`is refused: ${name}`, async () => {
      const error = await refusal(await save(pickle))
      expect([error.code, error.message]).toEqual([code, expect.stringContaining(says)])
    })
  }

  it('may refer to itself: the search for tensors ends', async () => {
    const self = program(op.emptyDict, op.put(0), op.text('state_dict'), op.get(0), op.setItem)
    expect((await refusal(await save(self))).code).toBe('checkpoint_unreadable')
  })

  it('may nest 100,000 tuples deep, and share one dict a thousand times', async () => {
    const nested = Buffer.alloc(100_000, 0x85)
    const large = Buffer.concat([
      op.emptyDict,
      op.put(1),
      repeat(1000, (i) => Buffer.concat([op.text(`k${i}`), op.false, op.setItem])),
    ])
    const shared = repeat(1000, (i) => Buffer.concat([op.text(`s${i}`), op.get(1), op.setItem]))
    const pickle = program(
      op.emptyDict,
      op.text('deep'),
      op.emptyTuple,
      nested,
      op.setItem,
      op.text('large'),
      large,
      op.setItem,
      shared,
      op.text('a'),
      floatTensor('0', 12, 1, [2, 3], [6, 2]),
      op.setItem,
    )
    await using checkpoint = await openCheckpoint(await save(pickle))
    expect(checkpoint.skipped.length).toBe(1002)
    expect(await checkpoint.tensors.get('a')!.values()).toEqual([1, 3, 5, 7, 9, 11])
  })

  it('gets a checksum error where data.pkl itself is damaged', async () => {
    const path = join(folder, 'case.bin')
    await writeFile(path, storedZip({ 'data.pkl': dictOf({}) }, { crc: { 'data.pkl': 1 } }))
    expect((await refusal(path)).message).toContain('the CRC-32 of archive/data.pkl is')
  })
})
