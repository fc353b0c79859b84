import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parquetWriteBuffer } from 'hyparquet-writer'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { pairColumns } from '../../src/pairs/pair-columns.ts'
import { type TablePair, tablePairs } from '../../src/pairs/table-pairs.ts'
import { openTable } from '../../src/pairs/tables/open-table-node.ts'

let folder: string
beforeAll(async () => (folder = await mkdtemp(join(tmpdir(), 'icthp-tables-'))))
afterAll(() => rm(folder, { recursive: true, force: true }))

type Named = Parameters<typeof pairColumns>[1]

async function pairsIn(name: string, content: string | Uint8Array, named?: Named): Promise<TablePair[]> {
  await writeFile(join(folder, name), content)
  const table = await openTable(join(folder, name), name)
  const pairs: TablePair[] = []
  for await (const pair of tablePairs(table, pairColumns(table, named))) pairs.push(pair)
  return pairs
}

const short = (pairs: readonly TablePair[]): unknown =>
  pairs.map(({ image, prompt, place }) => [image, prompt, place])

const EXPECTED = [
  ['a.png', 'a "red" fox, sitting', 2],
  ['b/ä.png', 'two\nlines', 3],
]
const CSV = 'image,prompt,seed\r\na.png,"a ""red"" fox, sitting",1\r\nb/ä.png,"two\nlines",2\r\n'
const TSV = 'image\tprompt\na.png\ta "red" fox, sitting\nb/ä.png\t"two\nlines"\n'
const JSONL =
  '\n{"image": "a.png", "prompt": "a \\"red\\" fox, sitting"}\r\n{"prompt": "two\\nlines", "image": "b/ä.png"}'
const utf16 = (text: string): Uint8Array => Buffer.from(`\ufeff${text}`, 'utf16le')

describe('pairs of a table', () => {
  it.each([
    ['a.csv', CSV],
    ['a.tsv', TSV],
    ['a.jsonl', JSONL],
    ['bom.csv', `\ufeff${CSV}`],
    ['bom.tsv', `\ufeff${TSV}`],
    ['bom.jsonl', `\ufeff${JSONL}`],
    ['utf16.csv', utf16(CSV)],
    ['known-by-its-text', CSV],
    ['tabs.txt', TSV],
    ['objects.log', JSONL],
    ['CAPITALS.CSV', CSV.replaceAll('\r\n', '\r')],
  ])('are read from %s', async (name, content) => {
    expect(short(await pairsIn(name, content))).toEqual(EXPECTED)
  })

  it.each(['UNCOMPRESSED', 'SNAPPY'] as const)('are read from Parquet, %s', async (codec) => {
    const file = parquetWriteBuffer({
      columnData: [
        { name: 'image', data: EXPECTED.map(([image]) => image as string), type: 'STRING' },
        { name: 'caption', data: EXPECTED.map(([, prompt]) => prompt as string), type: 'STRING' },
        { name: 'id', data: [7, 8], type: 'INT32' },
      ],
      codec,
    })
    const pairs = await pairsIn('a.parquet', new Uint8Array(file), { group: 'id' })
    expect(pairs).toEqual([
      { image: 'a.png', prompt: 'a "red" fox, sitting', group: '7', place: 1 },
      { image: 'b/ä.png', prompt: 'two\nlines', group: '8', place: 2 },
    ])
    expect(short(await pairsIn('no-ending', new Uint8Array(file)))).toEqual([
      ['a.png', 'a "red" fox, sitting', 1],
      ['b/ä.png', 'two\nlines', 2],
    ])
  })

  it('find their columns by usual names, by any capitals, or as they are told', async () => {
    const csv = 'File_Name,Caption,other,group\na.png,a fox,b.png,1\n'
    expect(await pairsIn('usual.csv', csv)).toEqual([
      { image: 'a.png', prompt: 'a fox', group: '1', place: 2 },
    ])
    expect(await pairsIn('told.csv', csv, { image: 'other', group: 'Caption', prompt: 'File_Name' })).toEqual(
      [{ image: 'b.png', prompt: 'a.png', group: 'a fox', place: 2 }],
    )
  })

  it('are several where a row has a list, none where it has no prompt', async () => {
    const rows =
      '{"file_names": ["a.png", "b.png"], "text": "a fox", "group": 3}\n{"image": {"path": "c.png", "bytes": null}, "text": null}'
    expect(await pairsIn('lists.jsonl', rows)).toEqual([
      { image: 'a.png', prompt: 'a fox', group: '3', place: 1 },
      { image: 'b.png', prompt: 'a fox', group: '3', place: 1 },
      { image: 'c.png', prompt: undefined, group: undefined, place: 2 },
    ])
  })

  it('of 100,000 rows take a moment', async () => {
    const rows = Array.from({ length: 100_000 }, (_, i) => `${i}.png,"fox, ${i}"`)
    const pairs = await pairsIn('long.csv', `image,prompt\n${rows.join('\n')}`)
    expect([pairs.length, pairs.at(-1)]).toEqual([
      100_000,
      { image: '99999.png', prompt: 'fox, 99999', group: undefined, place: 100_001 },
    ])
  })
})

describe('a table that cannot be meant is told with its place', () => {
  it.each<[string, string | Uint8Array, string]>([
    [
      'open.csv',
      'image,prompt\na.png,"a fox\nb.png,x\n',
      'open.csv, line 2, column 7: the quote that opens here is never closed.',
    ],
    [
      'after.csv',
      'image,prompt\na.png,"a" fox\n',
      'after.csv, line 2, column 10: text follows a quote that closes.',
    ],
    [
      'inner.csv',
      'image,prompt\n"x\ny",z\na.png,5" fox\n',
      'inner.csv, line 4, column 8: a quote stands in a field',
    ],
    [
      'more.csv',
      'image,prompt\na.png,a fox, red\n',
      'more.csv, line 2, column 3: there are 3 fields, but 2 columns. A field with a comma in it',
    ],
    ['fewer.tsv', 'image\tprompt\na.png\n', 'fewer.tsv, line 2, column 2: there are 1 fields'],
    ['twice.csv', 'image,prompt,image\n', 'twice.csv, line 1: two columns are called "image"'],
    ['other.csv', 'image;prompt\na.png;a fox\n', 'other.csv, line 1: its columns are set apart by ";"'],
    ['empty.csv', '', 'empty.csv: it is empty'],
    ['empty.jsonl', '\n', 'empty.jsonl: it is empty'],
    [
      'no-image.csv',
      'seed,prompt\n1,a fox\n',
      'no-image.csv: none of its columns is known to hold the images. Say which it is: image=NAME. Its columns are "seed", "prompt".',
    ],
    [
      'no-prompt.csv',
      'image,seed\na.png,1\n',
      'no-prompt.csv: none of its columns is known to hold the prompts',
    ],
    ['hole.csv', 'image,prompt\n,a fox\n', 'hole.csv, line 2, column "image": there is no image.'],
    [
      'number.jsonl',
      '{"image": "a.png", "prompt": 3}',
      'number.jsonl, line 1, column "prompt": a prompt is a text, not 3.',
    ],
    [
      'group.jsonl',
      '{"image": "a.png", "prompt": "x", "group": []}',
      'group.jsonl, line 1, column "group": a group is',
    ],
    ['list.jsonl', '[1]', 'list.jsonl, line 1, column 1: it is no object.'],
    [
      'broken.jsonl',
      '{"image": "a.png",\n',
      'broken.jsonl, line 1, column 19: it is not JSON: the line ends within it.',
    ],
    [
      'bare.jsonl',
      '{"image": "a.png", "prompt": "x"}\n{"image": a.png}',
      'bare.jsonl, line 2, column 11: it is not JSON: "a" cannot stand here.',
    ],
    [
      'quotes.jsonl',
      "{'image': 1}",
      'quotes.jsonl, line 1, column 2: it is not JSON: "\'" cannot stand here.',
    ],
    ['list.json', '[{"image": "a.png"}]', 'list.json: it is a JSON list. Write JSONL'],
    ['what', 'a.png\n', 'what, line 1: it is not known what it is.'],
    ['bytes.parquet', 'PAR1', 'bytes.parquet: it cannot be read as Parquet'],
    [
      'latin.csv',
      Buffer.from('image,prompt\na.png,caf\xe9\n', 'latin1'),
      'latin.csv cannot be read as text: it is not UTF-8 (line 2',
    ],
    [
      'utf16.csv',
      Buffer.from('image,prompt', 'utf16le'),
      'utf16.csv cannot be read as text: it holds NUL characters (line 1',
    ],
  ])('%s', async (name, content, message) => {
    const failing = pairsIn(name, content)
    await expect(failing).rejects.toThrow(message)
    await expect(failing).rejects.toMatchObject({
      code: message.includes('as text') ? 'input_not_text' : 'input_invalid_table',
    })
  })

  it('names a column that is not there, and pictures where a path should be', async () => {
    await expect(pairsIn('named.csv', 'image,prompt\n', { group: 'id' })).rejects.toThrow(
      'named.csv: there is no column "id". Its columns are "image", "prompt".',
    )
    const file = parquetWriteBuffer({
      columnData: [
        { name: 'image', data: [Uint8Array.of(0x89, 0x50, 0, 1)], type: 'BYTE_ARRAY' },
        { name: 'prompt', data: ['a fox'], type: 'STRING' },
      ],
    })
    await expect(pairsIn('pictures.parquet', new Uint8Array(file))).rejects.toThrow(
      'pictures.parquet, row 1, column "image": it holds pictures themselves',
    )
  })
})
