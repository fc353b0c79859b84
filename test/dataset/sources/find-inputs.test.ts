import { expect, test } from 'vitest'
import { expandBraces, resolveAddress } from '../../../src/dataset/sources/address.ts'
import { findInputs } from '../../../src/dataset/sources/find-inputs.ts'
import { datasetRoom } from '../dataset-room.ts'

const room = datasetRoom()
const find = async (...sources: string[]): Promise<unknown[]> =>
  (await findInputs(sources, { cwd: room.folder })).map(({ kind, address, count, names }) => [
    kind,
    address.replace(room.folder, '.'),
    ...(count === undefined ? [] : [count]),
    ...(names ? [names.map((name) => name.replace(room.folder, '.'))] : []),
  ])

test('a folder is its shards, at any depth; where it has none, its images', async () => {
  await room.write('a/1.tar', 'x')
  await room.write('a/b/2.parquet', 'x')
  await room.write('a/b/picture.png', 'x')
  await room.write('c/1.png', 'x')
  await room.write('c/d/2.jpg', 'x')
  await room.write('c/d/2.txt', 'x')
  expect(await find('a', 'c')).toEqual([
    ['tar', './a/1.tar'],
    ['parquet', './a/b/2.parquet'],
    ['files', './c/', 2],
  ])
})

test('img2dataset: the Parquet file beside a tar or a folder of pictures holds no pictures', async () => {
  await room.write('tars/00000.tar', 'x')
  await room.write('tars/00000.parquet', 'x')
  await room.write('files/00000/000.jpg', 'x')
  await room.write('files/00000.parquet', 'x')
  expect(await find('tars')).toEqual([['tar', './tars/00000.tar']])
  expect(await find('files')).toEqual([['files', './files/', 1]])
})

test('what is named twice counts once, images by name are one list, and braces stand for names', async () => {
  for (const name of ['s-00.tar', 's-01.tar', 'p/1.png', 'p/q/2.png', '3.png']) await room.write(name, 'x')
  expect(await find('s-{00..01}.tar', './s-00.tar', 'p', 'p/q', 'p/1.png', '3.png', '3.png')).toEqual([
    ['tar', './s-00.tar'],
    ['tar', './s-01.tar'],
    ['files', './p/', 2],
    ['files', '/', 1, ['./3.png']],
  ])
})

test('what is nothing of the kind is told by its name', async () => {
  await room.write('empty/readme.md', 'x')
  for (const source of [
    'missing.tar',
    'empty',
    'empty/readme.md',
    'https://host/folder/',
    'ftp://host/a.tar',
  ]) {
    await expect(find(source)).rejects.toMatchObject({ code: 'dataset_source_invalid', details: { source } })
  }
})

test('what cannot be looked at is not taken for nothing', async () => {
  await expect(find(`${'long'.repeat(100)}.tar`)).rejects.toMatchObject({
    code: 'dataset_source_invalid',
    message: expect.stringContaining('it cannot be looked at (ENAMETOOLONG') as string,
  })
})

test('braces and relative addresses', () => {
  expect(expandBraces('a{08..11}b{x,y}')).toHaveLength(8)
  expect(expandBraces('{2..0}')).toEqual(['2', '1', '0'])
  expect(resolveAddress('../b/c d.png', 's3://bucket/set/a.jsonl')).toBe('s3://bucket/set/b/c d.png')
  expect(resolveAddress('b.png', '/x/a.jsonl')).toBe('/x/b.png')
})
