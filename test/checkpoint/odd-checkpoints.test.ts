import { existsSync, readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { expect, test } from 'vitest'
import { openCheckpoint } from '../../src/checkpoint/checkpoint.ts'
import { refusal } from './refusal.ts'

const folder = fileURLToPath(new URL('../fixtures/torch-odd/', import.meta.url))

type Expected =
  { refuse: string; says: string } | { wrapper: string; skipped: string[]; values: Record<string, number[]> }

const { versions: _, ...expected } = JSON.parse(readFileSync(`${folder}expected.json`, 'utf8')) as Record<
  string,
  Expected
>

for (const [name, want] of Object.entries(expected)) {
  if ('refuse' in want) {
    test(`${name} is refused for what it is, and nothing is run`, async () => {
      const error = await refusal(folder + name)
      expect([error.code, error.message]).toEqual([want.refuse, expect.stringContaining(want.says)])
      expect(/could run code/.test(error.message)).toBe(want.refuse === 'checkpoint_unsafe')
      expect(existsSync('EXECUTED') || existsSync(`${folder}EXECUTED`)).toBe(false)
    })
  } else {
    test(`the weights of ${name} are read, what lies beside them is passed over`, async () => {
      await using checkpoint = await openCheckpoint(folder + name)
      expect(checkpoint.wrapper).toBe(want.wrapper)
      expect(checkpoint.skipped).toEqual(want.skipped)
      const values = new Map<string, number[] | bigint[]>()
      for (const [key, tensor] of checkpoint.tensors) values.set(key, await tensor.values())
      expect(Object.fromEntries(values)).toEqual(want.values)
    })
  }
}
