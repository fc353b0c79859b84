import { readFile } from 'node:fs/promises'
import { gunzipSync } from 'node:zlib'
import { packTar } from 'modern-tar'
import { expect, test } from 'vitest'
import { tarMembers } from '../../../src/dataset/sources/tar/tar-members.ts'
import { readTar } from '../../../src/dataset/sources/tar/tar-shard.ts'
import { bytesOf } from '../dataset-room.ts'

/** A stream in pieces of such a length. */
async function* cut(bytes: Uint8Array, length = 1000): AsyncGenerator<Uint8Array> {
  for (let at = 0; at < bytes.length; at += length) yield bytes.subarray(at, at + length)
}

const fixture = async (name: string): Promise<Uint8Array> =>
  gunzipSync(await readFile(new URL(`../../fixtures/tar/${name}.tar.gz`, import.meta.url)))

/** As scripts/fixtures/make-sparse-tars.sh makes it. */
function holes(): Uint8Array {
  const bytes = new Uint8Array(500_000)
  for (let i = 0; i < 7; i++) bytes.set(bytesOf(`run ${i}`), i * 65536)
  return bytes
}

test.each(['gnu', 'pax-0.0', 'pax-0.1', 'pax-1.0'])(
  'sparse files as GNU tar packs them: %s',
  async (format) => {
    const archive = await fixture(`sparse-${format}`)
    const samples = []
    for await (const sample of readTar(cut(archive), { address: 'sparse.tar' })) samples.push(sample)
    expect(samples.map(({ key }) => key)).toEqual(['a.png', 'b.png', 'c.png', 'd.png'])
    const images = samples.map((sample) => ('image' in sample ? (sample.image as Uint8Array) : undefined))
    expect(images[0]).toEqual(bytesOf('picture 1'))
    expect(Buffer.compare(images[1]!, holes())).toBe(0)
    expect(Buffer.compare(images[2]!, new Uint8Array(70_000))).toBe(0)
    expect(images[3]).toEqual(bytesOf('picture 2'))
    expect(samples[1]).toMatchObject({ prompt: 'a hole' })
    // What is not wanted is passed over.
    const last = []
    for await (const sample of readTar(cut(archive, 512), { address: 'sparse.tar', wanted: (i) => i === 3 }))
      last.push('image' in sample ? sample.image : sample.problem.code)
    expect(last.at(-1)).toEqual(bytesOf('picture 2'))
  },
)

test('a sparse file whose map does not fit is a damaged shard', async () => {
  const archive = Uint8Array.from(await fixture('sparse-gnu'))
  const header = archive.subarray(1024, 1536)
  // The first run's length, and the checksum by as much.
  header[386 + 22]! += 1
  const sum = parseInt(Buffer.from(header.subarray(148, 154)).toString('latin1'), 8) + 1
  header.set(bytesOf(sum.toString(8).padStart(6, '0')), 148)
  const read = (async () => {
    for await (const _ of readTar(cut(archive), { address: 'bad.tar' }));
  })()
  await expect(read).rejects.toMatchObject({
    code: 'dataset_shard_damaged',
    message: expect.stringContaining('bad.tar is damaged: the map of a sparse file does not fit its bytes'),
  })
})

test('long names, empty files, folders and links are as their headers say, in pieces of any length', async () => {
  const long = `${'folder/'.repeat(30)}${'ä'.repeat(60)}.png`
  const bytes = await packTar([
    { header: { name: 'folder/', type: 'directory', size: 0 } },
    { header: { name: long, size: 9 }, body: bytesOf('picture 1') },
    { header: { name: 'link.png', type: 'symlink', linkname: 'a.png', size: 0 } },
    { header: { name: 'empty.png', size: 0 }, body: new Uint8Array() },
    { header: { name: 'block.png', size: 512 }, body: new Uint8Array(512).fill(7) },
  ])
  for (const length of [1, 511, 512, 513, 1 << 20]) {
    const found: unknown[] = []
    for await (const { name, isFile, size, read } of tarMembers(cut(bytes, length)))
      found.push([name, isFile, size, ...(isFile ? [(await read()).length] : [])])
    expect(found).toEqual([
      ['folder/', false, 0],
      [long, true, 9, 9],
      ['link.png', false, 0],
      ['empty.png', true, 0, 0],
      ['block.png', true, 512, 512],
    ])
  }
})

test.each<[how: string, change: (bytes: Uint8Array) => Uint8Array, why: string]>([
  ['without its end', (bytes) => bytes.subarray(0, 1024), 'it ends too early'],
  ['cut off in a file', (bytes) => bytes.subarray(0, 700), 'it ends too early'],
  ['with another behind it', (bytes) => Buffer.concat([bytes, bytes]), 'something stands behind its end'],
  ['of gzip', () => Buffer.alloc(512, '1f8b08', 'hex'), 'it is compressed by gzip'],
  ['of Zstandard', () => Buffer.alloc(512, '28b52ffd', 'hex'), 'it is compressed by Zstandard'],
  [
    'with an empty block within',
    (bytes) => Buffer.concat([bytes.subarray(0, 1024), Buffer.alloc(512), bytes]),
    'an empty block stands between its members',
  ],
  ['with a wrong checksum', (bytes) => bytes.fill(0x37, 0, 3), 'a header has a wrong checksum'],
])('a tar %s is damaged', async (_how, change, why) => {
  const bytes = change(await packTar([{ header: { name: 'a.png', size: 9 }, body: bytesOf('picture 1') }]))
  const read = (async () => {
    for await (const member of tarMembers(cut(bytes))) await member.read()
  })()
  await expect(read).rejects.toThrow(why)
})

test('one empty block is an end, too: some writers leave the other out', async () => {
  const bytes = await packTar([{ header: { name: 'a.png', size: 9 }, body: bytesOf('picture 1') }])
  const names: string[] = []
  for await (const { name } of tarMembers(cut(bytes.subarray(0, 1536)))) names.push(name)
  expect(names).toEqual(['a.png'])
})
