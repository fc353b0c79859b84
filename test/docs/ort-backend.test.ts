import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, expect, it } from 'vitest'
import { convertCheckpoints, writeRandomCheckpoint } from '../../src/convert/index.ts'
import { HpScorer } from '../../src/node.ts'

const folder = await mkdtemp(join(fileURLToPath(new URL('.', import.meta.url)), '.ort-backend-'))
afterAll(() => rm(folder, { recursive: true, force: true }))

/** Node's stand-in for react-native-fs. */
const FILES = `import { existsSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
export default { exists: async (path: string) => existsSync(path), readFile }
`

it('the React Native program scores as icthp/node does, on onnxruntime-node', async () => {
  const page = await readFile(new URL('../../docs/getting-started.md', import.meta.url), 'utf8')
  const code = /```ts\n(import \* as ort from 'onnxruntime-react-native'\n.*?)```/s.exec(page)![1]!
  await writeFile(join(folder, 'files.ts'), FILES)
  await writeFile(
    join(folder, 'phone.ts'),
    code
      .replace("'onnxruntime-react-native'", "'onnxruntime-node'")
      .replace("'react-native-fs'", "'./files.ts'")
      .replace(/'icthp(?:\/(\w+))?'/g, (_, entry?: string) => `'../../../src/${entry ?? 'index'}.ts'`),
  )
  const { loadHp } = (await import(join(folder, 'phone.ts'))) as {
    loadHp: (model: string) => Promise<HpScorer>
  }
  await writeRandomCheckpoint(join(folder, 'checkpoint'))
  const model = join(folder, 'model')
  await convertCheckpoints({ hp: join(folder, 'checkpoint/HP'), out: model })
  const data = Uint8Array.from({ length: 64 * 48 * 4 }, (_, i) => (i % 4 === 3 ? 255 : (i * 7) % 251))
  const image = { data, width: 64, height: 48, channels: 4 }
  await using here = await HpScorer.fromPretrained(model, { device: 'cpu' })
  await using phone = await loadHp(model)
  expect(phone.info).toMatchObject({ device: 'cpu', decoder: 'pixels' })
  expect(await phone.score(image)).toBe(await here.score(image))
})
