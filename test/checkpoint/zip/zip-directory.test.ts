import { mkdtemp, open, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { crc32 } from 'node:zlib'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { openCheckpoint } from '../../../src/checkpoint/checkpoint.ts'
import { refusal } from '../refusal.ts'
import { centralRecord, dictOf, directory, floatTensor, storedZip } from '../stored-archive.ts'

let folder: string
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'icthp-zip-'))
})
afterAll(() => rm(folder, { recursive: true }))

const three = new Uint8Array(Float32Array.of(1, 2, 3).buffer)
const archive = {
  'data.pkl': dictOf({ a: floatTensor('0', 3, 0, [3], [1]) }),
  byteorder: Buffer.from('little'),
  'data/0': three,
}

async function save(bytes: Uint8Array): Promise<string> {
  const path = join(folder, 'case.bin')
  await writeFile(path, bytes)
  return path
}

describe('zip directory', () => {
  for (const zip64 of [false, true]) {
    it(`reads ${zip64 ? 'zip64' : 'plain'} records`, async () => {
      await using checkpoint = await openCheckpoint(await save(storedZip(archive, { zip64 })))
      expect(await checkpoint.tensors.get('a')!.values()).toEqual([1, 2, 3])
      expect(await checkpoint.verify()).toBe(true)
    })
  }

  it('reads tensors, entries and a directory that lie past 4 GB', async () => {
    // Sparse: 6 GiB of hole between a few bytes. The first storage spans 5 GiB; the second and the directory lie behind it.
    const big = 5 * 2 ** 30
    const first = big / 4
    const pickle = dictOf({
      big: floatTensor('0', first, first - 4, [2, 2], [2, 1]),
      after: floatTensor('1', 3, 0, [3], [1]),
    })
    const path = join(folder, 'sparse.bin')
    const file = await open(path, 'w')
    const records: Buffer[] = []
    let at = 0
    for (const [entry, size, crc, at0, data] of [
      ['data.pkl', pickle.length, crc32(pickle), 0, pickle],
      ['data/0', big, 1, big - 16, new Uint8Array(Float32Array.of(5, 6, 7, 8).buffer)],
      ['data/1', three.length, crc32(three), 0, three],
      ['version', 2, crc32('3\n'), 0, Buffer.from('3\n')],
    ] as const) {
      const name = Buffer.from(`archive/${entry}`)
      const local = Buffer.alloc(30)
      local.writeUInt32LE(0x04034b50, 0)
      local.writeUInt16LE(name.length, 26)
      await file.write(Buffer.concat([local, name]), 0, undefined, at)
      await file.write(data, 0, undefined, at + 30 + name.length + at0)
      records.push(centralRecord(name, size, crc, at, true))
      at += 30 + name.length + size
    }
    const end = at + 2 ** 30
    await file.write(directory(records, end, true), 0, undefined, end)
    await file.close()
    await using checkpoint = await openCheckpoint(path)
    expect(await checkpoint.tensors.get('big')!.values()).toEqual([5, 6, 7, 8])
    expect(await checkpoint.tensors.get('after')!.read()).toEqual(Float32Array.of(1, 2, 3))
    expect(await checkpoint.verify({ names: ['after'] })).toBe(true)
  })

  it('refuses what is cut, anywhere', async () => {
    const whole = storedZip(archive)
    for (const length of [5, 40, whole.length - 200, whole.length - 22, whole.length - 1]) {
      expect((await refusal(await save(whole.subarray(0, length)))).code).toBe('checkpoint_truncated')
    }
  })

  it('refuses a directory that contradicts itself', async () => {
    const edit = (change: (bytes: Buffer, end: number) => void): Buffer => {
      const bytes = Buffer.from(storedZip(archive))
      change(bytes, bytes.length - 22)
      return bytes
    }
    const first = (bytes: Buffer): number => bytes.indexOf(Buffer.of(0x50, 0x4b, 1, 2))
    const cases: [name: string, bytes: Buffer, says: string][] = [
      [
        'beyond the file',
        edit((bytes, end) => bytes.writeUInt32LE(0x7fffffff, end + 16)),
        'lies outside the file',
      ],
      ['too long', edit((bytes, end) => bytes.writeUInt32LE(0x7fffffff, end + 12)), 'far more than'],
      ['a wrong entry', edit((bytes) => bytes.writeUInt8(9, first(bytes))), 'damaged at entry 0'],
      [
        'more entries than there are',
        edit((bytes, end) => (bytes.writeUInt16LE(9, end + 8), bytes.writeUInt16LE(9, end + 10))),
        'too short for its entries',
      ],
      ['encrypted', edit((bytes) => bytes.writeUInt16LE(1, first(bytes) + 8)), 'is encrypted'],
      ['compressed', edit((bytes) => bytes.writeUInt16LE(8, first(bytes) + 10)), 'is compressed (method 8)'],
      ['split', edit((bytes, end) => bytes.writeUInt16LE(1, end + 4)), 'split zip'],
      [
        'no local header there',
        edit((bytes) => bytes.writeUInt32LE(7, first(bytes) + 42)),
        'not where its zip directory says',
      ],
      ['another name there', edit((bytes) => bytes.writeUInt8(0x62, 30)), 'not where its zip directory says'],
      [
        'zip64 sizes missing',
        edit((bytes) => bytes.writeUInt32LE(0xffffffff, first(bytes) + 24)),
        'zip64 sizes',
      ],
      ['no data.pkl', storedZip({ 'other.txt': three }), 'not of torch.save'],
    ]
    for (const [name, bytes, says] of cases) {
      const error = await refusal(await save(bytes))
      expect([name, error.code, error.message]).toEqual([
        name,
        'checkpoint_unreadable',
        expect.stringContaining(says),
      ])
    }
  })

  it('refuses two entries of one name', async () => {
    const bytes = storedZip({ ...archive, 'data/1': three })
    bytes.write('archive/data/0', bytes.lastIndexOf('archive/data/1'))
    expect((await refusal(await save(bytes))).message).toContain('two entries named archive/data/0')
  })
})
