import { readdir, writeFile } from 'node:fs/promises'
import { beforeEach, expect, test } from 'vitest'
import { DatasetError } from '../../src/base/errors.ts'
import { datasetStatus, datasetWorker, findInputs, mergeDataset, scoreDataset } from '../../src/dataset.ts'
import { datasetRoom, fakes } from './dataset-room.ts'

const room = datasetRoom()
beforeEach(() => room.write('in/1.jpg', Buffer.from('picture 1')))
const given = () => ({ out: room.at('out'), ...fakes(), prompt: 'x' })
const refusal = (option: string) =>
  expect.objectContaining({
    code: 'input_invalid_option',
    message: expect.stringContaining(option) as unknown,
  }) as Error

test.each([
  [{ jobs: 0 }],
  [{ jobs: 1.5 }],
  [{ lease: -1 }],
  [{ lease: 1e300 }],
  [{ shardSize: '10' }],
  [{ share: { index: 2, count: 2 } }],
  [{ format: 'xml' }],
  [{ embeddings: 'float8' }],
  [{ promptFrom: 'title' }],
  [{ columns: { picture: 'x' } }],
  [{ cwd: 5 }],
  [{ cache: '' }],
  [{ prompt: ['x'] }],
  [{ onShard: 'log' }],
])('%j is refused before anything is written', async (options) => {
  const [option] = Object.keys(options)
  const run = scoreDataset([room.at('in')], { ...given(), ...(options as object) })
  await expect(run).rejects.toThrow(refusal(option!))
  await expect(datasetStatus(given())).rejects.toThrow('holds no plan')
})

test.each([[undefined], ['rubbish'], ['http://127.0.0.1:6379'], ['redis://[']])(
  'a queue at %j is refused at once: it would be waited for',
  async (redis) => {
    await scoreDataset([room.at('in')], given())
    await expect(datasetWorker({ ...given(), redis } as never)).rejects.toThrow(refusal('redis'))
  },
)

test.each([null, 'in', [null], [{ address: 5 }]])('sources that are %j are refused', async (sources) => {
  await expect(scoreDataset(sources as never, given())).rejects.toThrow(refusal('list of paths'))
  await expect(findInputs(sources as never)).rejects.toThrow(refusal('list of paths'))
})

test.each(['plan/00000.json', 'models.json', 'plan/files/', 'failures/'])(
  '%s of an output that is damaged is told as such',
  async (file) => {
    await room.write('bad.tar', Buffer.from('no tar'))
    await scoreDataset([room.at('in'), room.at('bad.tar')], given())
    const names = await readdir(room.at('out'), { recursive: true })
    const path = names.find((name) => name.startsWith(file) && name.endsWith('.json'))!
    for (const text of ['', '{', 'null', '5', '{"format":1}', '[5', '"x"']) {
      if (file === 'models.json' && text === '{"format":1}') continue
      await writeFile(room.at(`out/${path}`), text)
      const works = [
        () => datasetStatus({ ...given(), recount: true }),
        () => mergeDataset({ ...given(), to: room.at('all.ndjson') }),
        () => scoreDataset([room.at('in')], given()),
      ]
      for (const work of works) {
        const error: unknown = await work().then(
          () => undefined,
          (thrown: unknown) => thrown,
        )
        if (error !== undefined) expect(error).toBeInstanceOf(DatasetError)
        if (file === 'failures/' && work === works[0]) expect(error).toBeUndefined()
        if (file === 'plan/00000.json') expect(error).toMatchObject({ code: 'dataset_part_damaged' })
      }
    }
  },
)

test('a merged file is named by a text', async () => {
  await expect(mergeDataset({ ...given(), to: 5 } as never)).rejects.toThrow(refusal('to must be a path'))
})

test('more shards at once than there are do no harm', async () => {
  const summary = await scoreDataset([room.at('in')], { ...given(), jobs: 2 ** 40 })
  expect(summary).toMatchObject({ shards: 1, rows: 1 })
})

test('numbers of a name in braces are told apart from a mistake', async () => {
  for (const braces of ['{0..99999999}', '{0..9999}{0..9999}', '{1..99999999999999999999}'])
    await expect(findInputs([room.at(`in/${braces}.tar`)])).rejects.toThrow('stands for more than')
})
