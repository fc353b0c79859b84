import { randomUUID } from 'node:crypto'
import { writeFile } from 'node:fs/promises'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { LocalStore } from '../../../src/dataset/store/local-store.ts'
import { openS3 } from '../../../src/dataset/store/s3-store.ts'
import type { Store } from '../../../src/dataset/store/store.ts'
import { checkWriteOnce } from '../../../src/dataset/store/write-once.ts'
import { bytesOf, datasetRoom } from '../dataset-room.ts'
import { type S3Server, startS3 } from '../s3-server.ts'

const room = datasetRoom()
let s3: S3Server
let faulty: S3Server
beforeAll(async () => {
  s3 = await startS3()
  faulty = await startS3({ refuse: 10, cut: 20 })
})
afterAll(async () => {
  await s3.close()
  await faulty.close()
})

const text = (bytes: Uint8Array | undefined): string | undefined => bytes && new TextDecoder().decode(bytes)
const STORES: readonly (readonly [string, () => Store])[] = [
  ['a folder', () => new LocalStore(room.at('store'))],
  ['S3', () => openS3(`s3://bucket/${randomUUID()}/`, s3.env)],
  ['an S3 that refuses and cuts', () => openS3(`s3://bucket/${randomUUID()}/`, faulty.env)],
]

describe.each(STORES)('%s', (_, open) => {
  test('keeps what was written first', async () => {
    const store = open()
    expect(await store.create('a/b.json', bytesOf('one'))).toBe(true)
    expect(await store.create('a/b.json', bytesOf('two'))).toBe(false)
    expect(text(await store.read('a/b.json'))).toBe('one')
    const path = await store.draft()
    await writeFile(path, 'three')
    expect(await store.createFromFile('a/b.json', path)).toBe(false)
    await checkWriteOnce(store)
  })

  test('of many that write at once, one is told that it did', async () => {
    const store = open()
    const told = await Promise.all(
      Array.from({ length: 12 }, async (_, i) =>
        (await store.create('x', bytesOf(`writer ${i}`))) ? `writer ${i}` : '',
      ),
    )
    expect(told.filter((name) => name !== '')).toEqual([text(await store.read('x'))])
  })

  test('reads whole, by ranges and as a stream, and tells what is not there', async () => {
    const store = open()
    const bytes = Uint8Array.from({ length: 300_000 }, (_, i) => (i * 7919) >>> 3)
    await store.create('big', bytes)
    expect(await store.size('big')).toBe(300_000)
    expect(Buffer.compare((await store.read('big'))!, bytes)).toBe(0)
    expect([...(await store.read('big', { start: 70_000, end: 70_004 }))!]).toEqual([
      ...bytes.subarray(70_000, 70_004),
    ])
    for (const range of [undefined, { start: 5, end: 299_990 }]) {
      const pieces: Uint8Array[] = []
      for await (const piece of store.stream('big', range)) pieces.push(piece.slice())
      expect(Buffer.compare(Buffer.concat(pieces), bytes.subarray(range?.start, range?.end))).toBe(0)
    }
    expect(await store.read('none')).toBeUndefined()
    expect(await store.size('none')).toBeUndefined()
    expect(await store.age('none')).toBeUndefined()
    await store.remove('none')
  })

  test('lists keys below a prefix, odd names as well', async () => {
    const store = open()
    const keys = ['p/a b+c%d.txt', 'p/a/x', 'p/a.x', 'p/é&<.txt', 'q/1']
    for (const key of keys) await store.create(key, bytesOf(key))
    const found: string[] = []
    for await (const { key, size } of store.list('p/')) {
      found.push(key)
      expect(size).toBe(bytesOf(key).length)
    }
    // s3rver has an order of its own.
    expect(found.sort()).toEqual(keys.filter((key) => key.startsWith('p/')).sort())
    const some: string[] = []
    for await (const { key } of store.list('p/a.')) some.push(key)
    expect(some).toEqual(['p/a.x'])
  })

  test('renews what is there, and tells its age', async () => {
    const store = open()
    expect(await store.renew('lease', bytesOf('x'))).toBe(false)
    await store.create('lease', bytesOf('a longer one'))
    expect(await store.renew('lease', bytesOf('short'))).toBe(true)
    expect(text(await store.read('lease'))).toBe('short')
    const age = (await store.age('lease'))!
    expect(age).toBeGreaterThanOrEqual(-1000)
    expect(age).toBeLessThan(60_000)
    await store.remove('lease')
    expect(await store.size('lease')).toBeUndefined()
  })
})

test('a store that lets objects be written twice is refused', async () => {
  const unsafe = await startS3({ writeOnce: false })
  try {
    await expect(checkWriteOnce(openS3('s3://bucket/x/', unsafe.env))).rejects.toMatchObject({
      code: 'dataset_store_unsafe',
    })
  } finally {
    await unsafe.close()
  }
})

test('wrong credentials are told, and not tried for minutes', async () => {
  const env = { ...s3.env, AWS_ACCESS_KEY_ID: 'nobody' }
  await expect(openS3('s3://bucket/x/', env).read('a')).rejects.toMatchObject({
    code: 'dataset_store_failed',
    details: { status: 403 },
  })
})

test('a bucket of another region is told with its region', async () => {
  const server = createServer((_, response) =>
    response
      .writeHead(301, { 'x-amz-bucket-region': 'eu-west-1' })
      .end('<Error><Code>PermanentRedirect</Code></Error>'),
  )
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  try {
    const { port } = server.address() as AddressInfo
    const env = { ...s3.env, AWS_ENDPOINT_URL: `http://127.0.0.1:${port}` }
    await expect(openS3('s3://bucket/x/', env).read('a')).rejects.toMatchObject({
      code: 'dataset_store_failed',
      message: expect.stringContaining(
        'answers 301 (PermanentRedirect). The bucket is in eu-west-1: set AWS_REGION=eu-west-1.',
      ),
    })
  } finally {
    server.close()
  }
})
