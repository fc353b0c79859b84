import { beforeEach, expect, test } from 'vitest'
import type { Progress } from '../../../src/base/progress.ts'
import { sleep } from '../../../src/base/waiting/sleep.ts'
import { MemoryStore } from '../../../src/hub/browser/blob-store.ts'
import { fileLocksOf } from '../../../src/hub/browser/file-locks-web.ts'
import { WebUrlFolder } from '../../../src/hub/http/url-folder-web.ts'
import type { FileDigest } from '../../../src/hub/hub.ts'
import { clearCache, listCache } from '../../../src/hub/hub-web.ts'
import { sha256 } from '../../sha256.ts'
import { noise } from '../fake-hub.ts'

const FILE = 'onnx/a.onnx_data'
const [one, two] = [noise(18_000_000), noise(20_000)]
const digestOf = (bytes: Uint8Array): FileDigest => ({
  size: bytes.length,
  sha256: sha256(Buffer.from(bytes)),
})

/** What two pages of an origin share: a store, and a server that takes its time. */
let store: MemoryStore
let served: Record<string, Uint8Array | string>
let requests: string[]
let pause: number
beforeEach(() => {
  store = new MemoryStore()
  served = { 'icthp.json': manifest(one), [FILE]: one }
  requests = []
  pause = 0
})
const manifest = (bytes: Uint8Array): string => JSON.stringify({ files: { [FILE]: digestOf(bytes) } })

async function openPage(): Promise<WebUrlFolder> {
  const fetch = async (url: string, { signal, headers }: RequestInit): Promise<Response> => {
    const path = new URL(url).pathname.slice('/model/'.length)
    const content = served[path]
    const from = Number(
      /\d+/.exec((headers as Record<string, string> | undefined)?.['range'] ?? '')?.[0] ?? 0,
    )
    requests.push(from > 0 ? `${path} from ${from}` : path)
    if (content === undefined) return new Response(null, { status: 404 })
    if (typeof content === 'string') return new Response(content)
    let at = from
    const body = new ReadableStream<Uint8Array>({
      async pull(controller) {
        await sleep(pause, signal ?? undefined)
        controller.enqueue(content.subarray(at, (at += 2_000_000)))
        if (at >= content.length) controller.close()
      },
    })
    return new Response(
      body as never,
      from > 0
        ? {
            status: 206,
            headers: { 'content-range': `bytes ${from}-${content.length - 1}/${content.length}` },
          }
        : {},
    )
  }
  return new WebUrlFolder('model', 'https://server.test/model/', {
    store,
    fetch,
    locks: await fileLocksOf(store),
  })
}

const bytesOf = async (file: unknown): Promise<string> =>
  sha256(Buffer.from(await (file as { blob: Blob }).blob.arrayBuffer()))
const parts = async (bytes: Uint8Array): Promise<number> =>
  (await store.keys()).filter((key) => key.startsWith(`part-${digestOf(bytes).sha256}-`)).length

test('of two pages that want the same file, one fetches it and the other waits, with progress', async () => {
  pause = 250
  const steps: Progress[] = []
  const [first, second] = [await openPage(), await openPage()]
  const files = [
    first.file(FILE, digestOf(one)),
    second.file(FILE, digestOf(one), { onProgress: (step) => steps.push(step) }),
  ]
  expect(await Promise.all((await Promise.all(files)).map(bytesOf))).toEqual([sha256(one), sha256(one)])
  expect(requests).toEqual([FILE])
  expect(steps.length).toBeGreaterThan(1)
  expect(steps[0]!.loaded).toBeLessThan(one.length)
  expect(steps.at(-1)).toEqual({
    stage: 'download',
    item: FILE,
    loaded: one.length,
    total: one.length,
    unit: 'bytes',
  })
})

test('one that waits can be aborted; one that is aborted leaves what it has to the next', async () => {
  pause = 50
  const [first, second, third] = await Promise.all([openPage(), openPage(), openPage()])
  const [stop, never] = [new AbortController(), new AbortController()]
  const loading = first.file(FILE, digestOf(one), { signal: stop.signal })
  const waiting = second.file(FILE, digestOf(one), { signal: never.signal })
  const last = third.file(FILE, digestOf(one))
  await sleep(20)
  never.abort()
  await expect(waiting).rejects.toMatchObject({ name: 'AbortError' })
  await sleep(300)
  stop.abort()
  await expect(loading).rejects.toMatchObject({ name: 'AbortError' })
  expect(await bytesOf(await last)).toBe(sha256(one))
  expect(requests).toHaveLength(2)
  expect(requests[1]).toMatch(/ from \d{7}/)
})

test('the same file of another folder is not fetched again', async () => {
  const folder = await openPage()
  await folder.file(FILE, digestOf(one))
  served['moved/a.onnx_data'] = one
  expect(await bytesOf(await folder.file('moved/a.onnx_data', digestOf(one)))).toBe(sha256(one))
  expect(requests).toEqual([FILE])
})

test('a new revision and clearCache leave what another page is fetching, and what it loads', async () => {
  pause = 20
  const [first, second] = [await openPage(), await openPage()]
  await first.readText('icthp.json')
  const letGo = first.hold()
  const loading = first.file(FILE, digestOf(one))
  await sleep(100)
  served['icthp.json'] = manifest(two)
  await second.readText('icthp.json')
  await clearCache(store)
  expect(await bytesOf(await loading)).toBe(sha256(one))
  await second.readText('icthp.json')
  await clearCache(store)
  expect(await parts(one)).toBe(2)
  expect(await listCache(store)).toMatchObject([{ path: FILE, size: one.length, complete: true }])
  letGo()
  await second.readText('icthp.json')
  expect(await parts(one)).toBe(0)
  expect(await listCache(store)).toEqual([])
})

test('parts that no record means go when a manifest is read; a model beside it stays', async () => {
  served['ict/icthp.json'] = manifest(one)
  served[`ict/${FILE}`] = one
  const folder = await openPage()
  await folder.readText('ict/icthp.json')
  await folder.file(`ict/${FILE}`, digestOf(one))
  await store.set(`part-${digestOf(two).sha256}-0`, new Blob([two as never]))
  await folder.readText('icthp.json')
  expect({ one: await parts(one), two: await parts(two) }).toEqual({ one: 2, two: 0 })
})
