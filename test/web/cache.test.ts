import { createHash } from 'node:crypto'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import type { ServerResponse } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { type ChromiumPage, openChromium } from './browser/chromium.ts'
import { openFirefox } from './browser/firefox.ts'
import type { Page } from './browser/page.ts'
import type { StaticServer } from './browser/server.ts'
import { startRoom } from './room.ts'

// Three parts.
const SIZE = 34_000_000
const PART = 2 ** 24
/** Bytes that are nowhere the same. */
const content = (seed: number, size: number): Buffer => {
  const bytes = new Uint32Array(size / 4)
  for (let i = 0; i < bytes.length; i++) bytes[i] = Math.imul(i + seed, 2654435761)
  return Buffer.from(bytes.buffer)
}
const digestOf = (bytes: Buffer): { size: number; sha256: string } => ({
  size: bytes.length,
  sha256: createHash('sha256').update(bytes).digest('hex'),
})

let server: StaticServer
let folder: string
const FILE = 'onnx/model.onnx_data'
let bytes: Buffer
let digest: { size: number; sha256: string }
/** A new revision on the server. */
const publish = (seed: number, size = SIZE): void => {
  bytes = content(seed, size)
  digest = digestOf(bytes)
  writeFileSync(join(folder, 'data.bin'), bytes)
  writeFileSync(join(folder, 'icthp.json'), JSON.stringify({ files: { [FILE]: digest } }))
}

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'icthp-web-cache-'))
  server = await startRoom()
  server.folders['weights'] = folder
})
afterAll(async () => {
  await server?.close()
  rmSync(folder, { recursive: true, force: true })
})

describe.each([
  ['Chromium', (): Promise<Page> => openChromium()],
  ['Firefox', openFirefox],
])('what is kept in %s', (_name, openPage) => {
  let page: Page
  beforeAll(async () => {
    page = await openPage()
    await page.open(server.url)
  })
  afterAll(() => page?.close())
  beforeEach(async () => {
    publish(1)
    server.intercept = (_request, response, path) => {
      if (path !== `/weights/${FILE}`) return false
      response.setHeader('location', '/weights/data.bin')
      return Boolean(response.writeHead(302).end())
    }
    server.starts.clear()
    await page.call('clearStore', 'opfs')
  })
  /**
   * Where the requests began. A browser on a busy machine may lose a connection of its own accord, so there may be more of
   * them than a test caused; none may begin where an earlier one did, or before.
   */
  const starts = (): number[] => {
    const all = server.starts.get('/weights/data.bin') ?? []
    expect(all).toEqual([...new Set(all)].sort((a, b) => a - b))
    return all
  }

  test('stores keep, overwrite, list and delete', async () => {
    expect(await page.call('storeName')).toBe('OPFS')
    for (const store of ['opfs', 'cache api', 'memory'] as const)
      expect({ store, wrong: await page.call('storeConformance', store) }).toEqual({ store, wrong: [] })
  })

  test('a file is fetched once, with progress, checked, listed, and thrown away on demand', async () => {
    const { progress, notes, ...first } = await page.call('fetchFile', '/weights/', FILE, digest)
    expect(first).toEqual({ size: SIZE, sha256: digest.sha256 })
    expect(notes).toEqual([])
    expect(progress[0]).toEqual({
      stage: 'download',
      item: '/weights/',
      loaded: 0,
      total: SIZE,
      unit: 'bytes',
    })
    expect(progress.at(-1)).toEqual({
      stage: 'download',
      item: FILE,
      loaded: SIZE,
      total: SIZE,
      unit: 'bytes',
    })
    expect(progress.length).toBeGreaterThan(2)
    expect(starts()[0]).toBe(0)
    server.starts.clear()
    expect(await page.call('fetchFile', '/weights/', FILE, digest)).toMatchObject({
      sha256: digest.sha256,
      progress: [],
    })
    expect(starts()).toEqual([])
    expect(await page.call('listStore', 'opfs')).toEqual([
      { source: '/weights/', path: FILE, size: SIZE, complete: true },
    ])
    await page.call('clearStore', 'opfs')
    expect(await page.call('storeKeys', 'opfs')).toEqual([])
  })

  test('goes on after it was cancelled, also on a page that is opened anew', async () => {
    const redirect = server.intercept!
    server.intercept = (request, response, path) => {
      if (path !== '/weights/data.bin' || request.headers.range) return redirect(request, response, path)
      response.writeHead(200, { 'content-length': SIZE })
      // The rest never comes.
      for (let at = 0; at < 1.5 * PART; at += PART / 16)
        setTimeout(() => response.write(bytes.subarray(at, at + PART / 16)), (at / PART) * 400)
      return true
    }
    const cancelled = await page.call('fetchFile', '/weights/', FILE, digest, { abortAt: 1.2 * PART })
    expect(cancelled.code).toBe('AbortError')
    const [kept] = await page.call('listStore', 'opfs')
    expect(kept).toMatchObject({ complete: false })
    expect(kept!.size).toBeGreaterThanOrEqual(1.2 * PART)
    await page.open(server.url)
    server.starts.clear()
    const { progress, sha256 } = await page.call('fetchFile', '/weights/', FILE, digest)
    expect(sha256).toBe(digest.sha256)
    expect(starts()[0]).toBe(kept!.size)
    expect(progress[0]).toMatchObject({ loaded: kept!.size, total: SIZE })
  })

  test('goes on where a connection breaks', async () => {
    let first: ServerResponse | undefined
    const redirect = server.intercept!
    server.intercept = (request, response, path) => {
      if (path === '/reached') {
        first?.destroy()
        return Boolean(response.writeHead(204).end())
      }
      if (path !== '/weights/data.bin' || first) return redirect(request, response, path)
      first = response.writeHead(200, { 'content-length': SIZE })
      return first.write(bytes.subarray(0, PART + 1000)) || true
    }
    const { sha256, code } = await page.call('fetchFile', '/weights/', FILE, digest, { tellAt: PART })
    expect({ sha256, code }).toEqual({ sha256: digest.sha256, code: undefined })
    expect(starts()[0]).toBeGreaterThanOrEqual(PART)
  })

  test('is found offline; the texts too', async () => {
    await page.call('fetchFile', '/weights/', FILE, digest)
    server.intercept = (request) => Boolean(request.socket.destroy())
    expect(await page.call('fetchFile', '/weights/', FILE, digest)).toMatchObject({ sha256: digest.sha256 })
    await page.call('clearStore', 'opfs')
    expect(await page.call('fetchFile', '/weights/', FILE, digest)).toMatchObject({ code: 'download_failed' })
  })

  test('what is not what the manifest means is refused and thrown away', async () => {
    const other = { ...digest, sha256: digest.sha256.replace(/^./, (first) => (first === '0' ? '1' : '0')) }
    expect(await page.call('fetchFile', '/weights/', FILE, other)).toMatchObject({
      code: 'download_sha256_mismatch',
    })
    expect((await page.call('storeKeys', 'opfs')).filter((key) => key.startsWith('part-'))).toEqual([])
    expect(await page.call('fetchFile', '/weights/', FILE, { ...digest, size: SIZE + 1 })).toMatchObject({
      code: 'download_failed',
    })
  })

  test('an old revision goes when a new one is read', async () => {
    await page.call('fetchFile', '/weights/', FILE, digest)
    const old = digest.sha256
    publish(2)
    expect(await page.call('fetchFile', '/weights/', FILE, digest)).toMatchObject({ sha256: digest.sha256 })
    const keys = await page.call('storeKeys', 'opfs')
    expect(keys.filter((key) => key.includes(old))).toEqual([])
    expect(keys.filter((key) => key.startsWith('part-'))).toHaveLength(3)
  })

  test.each(['opfs', 'memory'] as const)(
    'no old revision comes from the cache of the browser: %s',
    async (store) => {
      server.intercept = (_request, response, path) => {
        if (path !== `/weights/${FILE}`) return false
        const head = { 'cache-control': 'max-age=3600', etag: `"${digest.sha256}"` }
        return Boolean(response.writeHead(200, head).end(bytes))
      }
      for (const seed of [1, 2]) {
        publish(seed, 100_000)
        expect(await page.call('fetchFile', '/weights/', FILE, digest, { store })).toMatchObject({
          sha256: digest.sha256,
        })
      }
    },
  )

  test('stays in memory where the storage has no room, and says so', async () => {
    const { sha256, notes } = await page.call('fetchFile', '/weights/', FILE, digest, { room: 20_000_000 })
    expect(sha256).toBe(digest.sha256)
    expect(notes.join()).toContain('no room')
    expect(
      (await page.call('fetchFile', '/weights/', FILE, digest, { store: 'memory' })).notes.join(),
    ).toContain('no storage')
  })
})

describe('a whole model', () => {
  let page: ChromiumPage
  beforeAll(async () => {
    page = await openChromium()
    server.intercept = undefined
    await page.open(server.url)
  })
  afterAll(() => page?.close())

  test('scores offline once it was loaded', async () => {
    const request = {
      model: '/model/',
      device: 'wasm',
      images: ['/examples/red-apple.jpg'],
      prompts: ['a red apple'],
    } as const
    const first = await page.call('score', request)
    server.starts.clear()
    server.intercept = (_request, response, path) => path.startsWith('/model/') && Boolean(response.destroy())
    const second = await page.call('score', request)
    expect(second.ict).toEqual(first.ict)
    expect([...server.starts.keys()].filter((path) => path.startsWith('/model/'))).toEqual([])
  })
})
