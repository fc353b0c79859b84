import { spawnSync } from 'node:child_process'
import { expect, test } from 'vitest'
import { PickledDict, PickledList } from '../../../../src/server/trainers/pickle/pickle-values.ts'
import { readPickle } from '../../../../src/server/trainers/pickle/read-pickle.ts'
import { type Picklable, writePickle } from '../../../../src/server/trainers/pickle/write-pickle.ts'

const VALUES: readonly Picklable[] = [
  {},
  [],
  '',
  { scores: [0.1, -1, 1, 0, 5e-324, 1.7976931348623157e308], outputs: [] },
  { error: '图 1: “ends” too early 🌅\n', code: 'image_truncated' },
  [[['a'], []], { a: { b: [1.5] } }],
  Array.from({ length: 3000 }, (_, i) => Math.sin(i)),
  'long'.repeat(50_000),
]

function plain(value: unknown): unknown {
  if (value instanceof PickledList) return value.items.map(plain)
  if (!(value instanceof PickledDict)) return value
  const keys = ['scores', 'outputs', 'error', 'code', 'a', 'b'].filter((key) => value.has(key))
  return Object.fromEntries(keys.map((key) => [key, plain(value.get(key))]))
}

test('our own reader reads what is written', () => {
  for (const value of VALUES) expect(plain(readPickle(writePickle(value)))).toEqual(value)
})

const python = ['python3', 'python'].find((name) => spawnSync(name, ['--version']).status === 0)

test.skipIf(!python)("Python's pickle.loads reads what is written, and numbers are floats", () => {
  const script = `
import base64, json, pickle, sys
def check(value):
    assert not isinstance(value, int), value
    for item in value.values() if isinstance(value, dict) else value if isinstance(value, list) else []:
        check(item)
    return value
print(json.dumps([check(pickle.loads(base64.b64decode(line))) for line in sys.stdin]))`
  const lines = VALUES.map((value) => `${Buffer.from(writePickle(value)).toString('base64')}\n`)
  const { stdout, stderr } = spawnSync(python!, ['-c', script], { input: lines.join(''), encoding: 'utf8' })
  expect(stderr).toBe('')
  expect(JSON.parse(stdout)).toEqual(VALUES)
})
