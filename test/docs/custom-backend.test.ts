import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, describe, expect, it } from 'vitest'
import { convertCheckpoints, writeRandomCheckpoint } from '../../src/convert/index.ts'
import { HpScorer } from '../../src/node.ts'

/** Runs the files of docs/custom-backend.md as they stand there, on this source tree instead of the installed package. */
const here = fileURLToPath(new URL('.', import.meta.url))
const folder = await mkdtemp(join(here, '.custom-backend-'))
afterAll(() => rm(folder, { recursive: true, force: true }))

const page = await readFile(new URL('../../docs/custom-backend.md', import.meta.url), 'utf8')
const files = [...page.matchAll(/<!-- file: (.+?) -->\n```ts\n(.*?)```/gs)].map(
  ([, name, code]) => [name!, code!] as const,
)
for (const [name, code] of files) {
  await writeFile(
    join(folder, name),
    code.replace(
      /'icthp(?:\/(\w+))?'/g,
      (_, entry: string | undefined) => `'../../../src/${entry ?? 'index'}.ts'`,
    ),
  )
}

it('has three files', () => {
  expect(files.map(([name]) => name)).toEqual(['plain-backend.ts', 'use-it.ts', 'plain-backend.test.ts'])
})

describe('the conformance test', async () => {
  await import(join(folder, 'plain-backend.test.ts'))
})

it('the backend scores as the built-in one does', async () => {
  const { howGood } = (await import(join(folder, 'use-it.ts'))) as {
    howGood: (model: string, image: unknown) => Promise<number>
  }
  await writeRandomCheckpoint(join(folder, 'checkpoint'))
  const model = join(folder, 'model')
  await convertCheckpoints({ hp: join(folder, 'checkpoint/HP'), out: model })
  const image = {
    data: Uint8Array.from({ length: 64 * 48 * 3 }, (_, i) => (i * 7) % 251),
    width: 64,
    height: 48,
    channels: 3,
  }
  await using hp = await HpScorer.fromPretrained(model, { device: 'cpu' })
  expect(await howGood(model, image)).toBe(await hp.score(image))
})
