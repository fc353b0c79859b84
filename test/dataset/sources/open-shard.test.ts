import { gzipSync } from 'node:zlib'
import { packTar } from 'modern-tar'
import { expect, test } from 'vitest'
import { openShard, type OpenShardOptions } from '../../../src/dataset/sources/open-shard.ts'
import type { ShardKind } from '../../../src/dataset/sources/shard.ts'
import { samplesOf } from '../../../src/dataset/sources/table-row.ts'
import { bytesOf, datasetRoom, makeTar } from '../dataset-room.ts'

const room = datasetRoom()

/** The samples of a file as texts. */
async function read(kind: ShardKind, address: string, options: OpenShardOptions = {}): Promise<unknown[][]> {
  const rows: unknown[][] = []
  for await (const sample of openShard({ id: 'x', kind, address }, options)) {
    if ('problem' in sample) rows.push([sample.index, sample.key, sample.problem.code])
    else {
      const { index, key, image, prompt } = sample
      const text = image instanceof Uint8Array ? new TextDecoder().decode(image) : String(image)
      rows.push([index, key, text, ...(prompt === undefined ? [] : [prompt])])
    }
  }
  return rows
}

test('a name that comes again in a tar is of another sample', async () => {
  const entry = (name: string, text: string): Parameters<typeof packTar>[0][number] => ({
    header: { name, size: text.length },
    body: bytesOf(text),
  })
  const bytes = await packTar([
    entry('a.png', 'picture 1'),
    entry('a.txt', 'one'),
    entry('a.png', 'picture 2'),
    entry('a.txt', 'two'),
  ])
  expect(await read('tar', await room.write('twice.tar', bytes))).toEqual([
    [0, 'a.png', 'picture 1', 'one'],
    [1, 'a.png', 'picture 2', 'two'],
  ])
})

test('a sample of a tar is the files with one name up to the first dot; its text comes from txt before json', async () => {
  const path = await room.tar('a.tar', {
    'x/000.jpg': 'picture 0',
    'x/000.json': '{"caption":"from json","key":"000"}',
    'x/000.txt': 'from txt',
    'x/001.v1.png': 'picture 1',
    'x/001.v2.png': 'picture 2',
    'x/001.json': '{"caption":"both of them"}',
    'x/001.npy': 'not of interest',
    'x/002.cls': '7',
    'y/000.webp': 'picture 3',
  })
  expect(await read('tar', path)).toEqual([
    [0, 'x/000.jpg', 'picture 0', 'from txt'],
    [1, 'x/001.v1.png', 'picture 1', 'both of them'],
    [2, 'x/001.v2.png', 'picture 2', 'both of them'],
    [3, 'y/000.webp', 'picture 3'],
  ])
})

test('a tar may be gzipped; one that ends too early is a damaged shard, not a short one', async () => {
  const files = { 'a.jpg': 'picture 0', 'b.jpg': 'x'.repeat(5000) }
  const bytes = await makeTar(files)
  const whole = await room.write('a.tar.gz', gzipSync(bytes))
  expect((await read('tar', whole)).map(([, key]) => key)).toEqual(['a.jpg', 'b.jpg'])
  const short = await room.write('short.tar', bytes.subarray(0, 4000))
  await expect(read('tar', short)).rejects.toMatchObject({ code: 'dataset_shard_damaged' })
  const shortGzip = await room.write('short.tgz', gzipSync(bytes).subarray(0, 60))
  await expect(read('tar', shortGzip)).rejects.toMatchObject({ code: 'dataset_shard_damaged' })
  const noise = await room.write('noise.tar', Buffer.alloc(4096, 7))
  await expect(read('tar', noise)).rejects.toMatchObject({ code: 'dataset_shard_damaged' })
})

test('img2dataset: bytes in a column of the format, failed downloads are rows without an image', async () => {
  const path = await room.parquet('00000.parquet', [
    { name: 'key', data: ['000', '001'], type: 'STRING' },
    { name: 'url', data: ['https://x/0', 'https://x/1'], type: 'STRING' },
    { name: 'caption', data: ['a tin', 'a drum'], type: 'STRING' },
    { name: 'jpg', data: [bytesOf('picture 0'), null], type: 'BYTE_ARRAY' },
  ])
  expect(await read('parquet', path)).toEqual([
    [0, '000', 'picture 0', 'a tin'],
    [1, '001', 'image_not_found'],
  ])
})

test('a caption that is not UTF-8 is none', async () => {
  const path = await room.parquet('latin1.parquet', [
    { name: 'key', data: ['000', '001'], type: 'STRING' },
    { name: 'caption', data: [Buffer.from('café', 'latin1'), Buffer.from('café')], type: 'BYTE_ARRAY' },
    { name: 'jpg', data: [bytesOf('picture 0'), bytesOf('picture 1')], type: 'BYTE_ARRAY' },
  ])
  expect(await read('parquet', path)).toEqual([
    [0, '000', 'picture 0'],
    [1, '001', 'picture 1', 'café'],
  ])
})

test('Pick-a-Pic: a row is two images with their own ids and one caption', async () => {
  const path = await room.parquet('pick.parquet', [
    { name: 'caption', data: ['a tin'], type: 'STRING' },
    { name: 'jpg_0', data: [bytesOf('picture 0')], type: 'BYTE_ARRAY' },
    { name: 'jpg_1', data: [bytesOf('picture 1')], type: 'BYTE_ARRAY' },
    { name: 'image_0_uid', data: ['u0'], type: 'STRING' },
    { name: 'image_1_uid', data: ['u1'], type: 'STRING' },
  ])
  expect(await read('parquet', path)).toEqual([
    [0, 'u0', 'picture 0', 'a tin'],
    [1, 'u1', 'picture 1', 'a tin'],
  ])
})

test('HF: a struct of bytes and path, either of which may be missing', async () => {
  const { ParquetWriter, ByteWriter } = await import('hyparquet-writer')
  const writer = new ByteWriter()
  const optional = { repetition_type: 'OPTIONAL' } as const
  const parquet = new ParquetWriter({
    writer,
    schema: [
      { name: 'root', num_children: 2 },
      { name: 'image', num_children: 2, ...optional },
      { name: 'bytes', type: 'BYTE_ARRAY', ...optional },
      { name: 'path', type: 'BYTE_ARRAY', converted_type: 'UTF8', ...optional },
      { name: 'text', type: 'BYTE_ARRAY', converted_type: 'UTF8', ...optional },
    ],
  })
  const image = [{ bytes: bytesOf('picture 0'), path: 'a.png' }, { bytes: null, path: 'b/c.png' }, null]
  await parquet.write({
    columnData: [
      { name: 'image', data: image },
      { name: 'text', data: ['a tin', 'a drum', null] },
    ],
  })
  await parquet.finish()
  const path = await room.write('hf/train.parquet', new Uint8Array(writer.getBuffer()))
  expect(await read('parquet', path)).toEqual([
    [0, 'a.png', 'picture 0', 'a tin'],
    [1, 'b/c.png', room.at('hf', 'b', 'c.png'), 'a drum'],
    [2, '2', 'image_not_found'],
  ])
})

test('rows of one value have memory of their own: that of one is given away with it', () => {
  const bytes = bytesOf('picture')
  const columns = { images: ['jpg'], keys: [] }
  const samples = [0, 1].flatMap((row) =>
    samplesOf({ jpg: bytes }, columns, { row, line: row }, { address: 'a' }),
  )
  const memory = samples.map((sample) =>
    'image' in sample ? (sample.image as Uint8Array).buffer : undefined,
  )
  expect(memory[0]).toBeInstanceOf(ArrayBuffer)
  expect(memory[0]).not.toBe(memory[1])
})

test('an empty file is said to be empty', async () => {
  const read0 = read('parquet', await room.write('empty.parquet', new Uint8Array()))
  await expect(read0).rejects.toMatchObject({
    code: 'dataset_shard_damaged',
    message: expect.stringContaining('it is empty') as string,
  })
})

test('JSONL: paths are relative to the table, a line that is no object is a row that failed, a BOM and CRLF do no harm', async () => {
  const lines = [
    '\uFEFFnot json',
    '{"file_name":"a.png","text":"a tin"}',
    '',
    '{"file_name":"https://x/b.png"}',
  ]
  const path = await room.write('set/metadata.jsonl', lines.join('\r\n'))
  expect(await read('jsonl', path)).toEqual([
    [0, '0', 'dataset_source_invalid'],
    [1, 'a.png', room.at('set', 'a.png'), 'a tin'],
    [2, 'https://x/b.png', 'https://x/b.png'],
  ])
})

test('columns can be named, several of images too; one that is not there is told with those that are', async () => {
  const path = await room.write('a.jsonl', '{"left":"a.png","right":"b.png","q":"a tin","n":7}\n')
  const columns = { image: ['left', 'right'], prompt: 'q', key: 'n' }
  expect(await read('jsonl', path, { columns })).toEqual([
    [0, '7/left', room.at('a.png'), 'a tin'],
    [1, '7/right', room.at('b.png'), 'a tin'],
  ])
  await expect(read('jsonl', path)).rejects.toMatchObject({
    code: 'dataset_source_invalid',
    details: { columns: ['left', 'right', 'q', 'n'] },
  })
  await expect(read('jsonl', path, { columns: { image: ['middle'] } })).rejects.toThrow(/column "middle"/)
})

test('the text beside a loose image is its prompt where it is asked for', async () => {
  await room.write('a.png', 'picture 0')
  await room.write('a.txt', 'a tin')
  const options = { files: ['a.png', 'b.png'], sidecars: true }
  expect(await read('files', `${room.folder}/`, options)).toEqual([
    [0, 'a.png', room.at('a.png'), 'a tin'],
    [1, 'b.png', room.at('b.png')],
  ])
})
