import { type FileHandle, mkdir, open, readdir, readFile, stat, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { beforeEach, expect, test, vi } from 'vitest'
import type { Progress } from '../../../src/base/progress.ts'
import { newOwner } from '../../../src/hub/files/lock-owner-node.ts'
import { type Download, download, partialPath } from '../../../src/hub/http/download-node.ts'
import { sha256 } from '../../sha256.ts'
import { noise } from '../fake-hub.ts'
import { failure, hubRoom } from '../hub-room.ts'

const room = hubRoom()
const content = noise(300_000)
const sum = sha256(content)
const retry = { attempts: 3, delay: 5, maxDelay: 1000 }
let file: Download

beforeEach(() => {
  room.hub.add('a/b', { 'w.bin': content })
  const url = `${room.hub.endpoint}/a/b/resolve/main/w.bin`
  const digest = { algorithm: 'sha256', value: sum } as const
  file = {
    url,
    target: join(room.folder, 'out', sum),
    name: { path: 'w.bin', url },
    item: 'w.bin',
    size: content.length,
    digest,
  }
})

const left = (): Promise<string[]> => readdir(join(room.folder, 'out'))

test('a broken connection is taken up where it broke: no byte comes twice', async () => {
  room.hub.trouble(sum, { breakAfter: 100_000 }, { breakAfter: 50_000 })
  expect(await download(file, retry)).toBe(true)
  expect(sha256(await readFile(file.target))).toBe(sha256(content))
  expect(room.hub.rangesOf(content)).toEqual([undefined, 'bytes=100000-', 'bytes=150000-'])
  expect(room.hub.bytesOf(content)).toBe(300_000)
  expect(await left()).toEqual([sum])
})

test('as long as bytes come it goes on; attempts count failures in a row', async () => {
  room.hub.trouble(sum, ...Array.from({ length: 9 }, () => ({ breakAfter: 30_000 })))
  await download(file, retry)
  expect(room.hub.bytesOf(content)).toBe(300_000)
})

test('a download that was given up goes on in the next call', async () => {
  room.hub.trouble(sum, { breakAfter: 120_000 }, { breakAfter: 0 }, { breakAfter: 0 })
  const error = await failure(download(file, retry), 'download_interrupted')
  expect(error.details).toMatchObject({ loaded: 120_000, total: 300_000 })
  expect(error.message).toContain('run the same again to go on')
  expect(await left()).toEqual([`${sum}.icthp.incomplete`])
  const seen: Progress[] = []
  await download(file, retry, { onProgress: (progress) => seen.push(progress) })
  expect(room.hub.bytesOf(content)).toBe(300_000)
  expect(room.hub.rangesOf(content).at(-1)).toBe('bytes=120000-')
  expect(seen[0]).toEqual({ stage: 'verify', item: 'w.bin', loaded: 120_000, total: 120_000, unit: 'bytes' })
  expect(seen.at(-1)).toEqual({
    stage: 'download',
    item: 'w.bin',
    loaded: 300_000,
    total: 300_000,
    unit: 'bytes',
  })
  expect(sha256(await readFile(file.target))).toBe(sha256(content))
})

test('503 with Retry-After is waited for, other refusals are final', async () => {
  room.hub.trouble('w.bin', { status: 503, headers: { 'retry-after': '1' } }, { status: 429 })
  const start = performance.now()
  await download(file, retry)
  expect(performance.now() - start).toBeGreaterThan(990)
  room.hub.trouble('w.bin', { status: 418 })
  const before = room.hub.served.length
  await failure(download({ ...file, target: `${file.target}2` }, retry), 'download_failed')
  expect(room.hub.served.length).toBe(before + 1)
})

test('503 for ever', async () => {
  room.hub.trouble('w.bin', { status: 503 }, { status: 503 }, { status: 503 })
  const error = await failure(download(file, retry), 'download_failed')
  expect(error.details['status']).toBe(503)
  expect(room.hub.served.length).toBe(3)
})

test('wrong content is thrown away and told', async () => {
  const wrong = Buffer.from(content)
  wrong[7]! ^= 1
  room.hub.corrupt(content, wrong)
  const error = await failure(download(file, retry), 'download_sha256_mismatch')
  expect(error.details).toMatchObject({ digest: sha256(wrong), expected: sum })
  expect(await left()).toEqual([])
})

test('a small file is checked by its git object id', async () => {
  const text = Buffer.from('{"a":1}')
  room.hub.add('a/c', { 'config.json': text })
  const url = `${room.hub.endpoint}/a/c/resolve/main/config.json`
  // printf '{"a":1}' | git hash-object --stdin
  const digest = { algorithm: 'git-sha1', value: 'daa5053ecf5f9a37b2de733d0751cc1ab53ac010' } as const
  const good = { url, target: join(room.folder, 'c'), name: { url }, item: 'c', size: 7, digest }
  const wrong = { ...good, digest: { ...digest, value: 'ab'.repeat(20) } }
  const error = await failure(download(wrong, retry), 'download_sha256_mismatch')
  expect(error.details['digest']).toBe(digest.value)
  await download(good, retry)
  expect(await readFile(good.target, 'utf8')).toBe('{"a":1}')
})

test('an old part that is of another file does not spoil the new one', async () => {
  await download(file, retry)
  const target = `${file.target}-again`
  await writeFile(partialPath(target), noise(1000, 9))
  expect(await download({ ...file, target }, retry)).toBe(true)
  expect(sha256(await readFile(target))).toBe(sha256(content))
  // Fetched, found wrong, fetched afresh.
  expect(room.hub.rangesOf(content)).toEqual([undefined, 'bytes=1000-', undefined])
})

test('an old part that is too long starts over, one that is whole is only checked', async () => {
  const target = join(room.folder, 'x')
  await writeFile(partialPath(target), noise(300_001))
  await download({ ...file, target }, retry)
  expect(sha256(await readFile(target))).toBe(sha256(content))
  room.hub.served.length = 0
  await writeFile(partialPath(`${target}2`), content)
  expect(await download({ ...file, target: `${target}2` }, retry)).toBe(true)
  expect(room.hub.served).toEqual([])
})

test('a server that ignores ranges sends it all again', async () => {
  room.hub.trouble(sum, { breakAfter: 100_000 }, { ignoreRange: true })
  await download(file, retry)
  expect(sha256(await readFile(file.target))).toBe(sha256(content))
  expect(room.hub.bytesOf(content)).toBe(400_000)
})

test('a login page in place of the file', async () => {
  room.hub.corrupt(content, Buffer.from('<html>please log in</html>'.repeat(50)))
  const error = await failure(download(file, retry), 'download_failed')
  expect(error.message).toContain('not the 300000 that were announced')
  expect(room.hub.rangesOf(content).length).toBe(1)
})

test('a server that breaks off and will not go on ends too', async () => {
  room.hub.trouble(
    sum,
    ...Array.from({ length: 20 }, (_, i) => (i % 2 === 0 ? { breakAfter: 50_000 } : { status: 416 })),
  )
  await failure(download(file, retry), 'download_interrupted')
})

test('aborting keeps what has come', async () => {
  room.hub.trouble(sum, { slow: 25 })
  const controller = new AbortController()
  const reason = new Error('Ctrl-C')
  const onProgress = ({ loaded }: Progress): void => {
    if (loaded > 30_000) controller.abort(reason)
  }
  const going = download(file, retry, { signal: controller.signal, onProgress })
  await expect(going).rejects.toBe(reason)
  expect(await left()).toEqual([`${sum}.icthp.incomplete`])
  const { size } = await stat(partialPath(file.target))
  expect(size).toBeGreaterThan(30_000)
  await download(file, retry)
  expect(room.hub.rangesOf(content).at(-1)).toBe(`bytes=${size}-`)
  expect(sha256(await readFile(file.target))).toBe(sha256(content))
})

test('two at once fetch it once', async () => {
  room.hub.trouble(sum, { slow: 5 })
  const results = await Promise.all([download(file, retry), download(file, retry)])
  expect(results.sort()).toEqual([false, true])
  expect(room.hub.bytesOf(content)).toBe(300_000)
  expect(await left()).toEqual([sum])
})

test('the lock of a process that is gone is taken over', async () => {
  await download({ ...file, target: join(room.folder, 'out', 'first') }, retry)
  // Above the largest process id that Linux gives.
  await writeFile(`${file.target}.icthp.lock`, JSON.stringify({ ...(await newOwner()), pid: 4194999 }))
  expect(await download(file, retry)).toBe(true)
})

test.skipIf(process.platform !== 'linux')(
  'so is that of a process whose number another has by now',
  async () => {
    await download({ ...file, target: join(room.folder, 'out', 'first') }, retry)
    await writeFile(`${file.target}.icthp.lock`, JSON.stringify({ ...(await newOwner()), started: '1' }))
    expect(await download(file, retry)).toBe(true)
  },
)

test('the same process number in another container is not taken for a process that is gone', async () => {
  await download({ ...file, target: join(room.folder, 'out', 'first') }, retry)
  await writeFile(
    `${file.target}.icthp.lock`,
    JSON.stringify({ ...(await newOwner()), pid: 4194999, space: 'elsewhere' }),
  )
  await expect(download(file, retry, { signal: AbortSignal.timeout(400) })).rejects.toMatchObject({
    name: 'TimeoutError',
  })
})

test('a lock that lives is waited for, until aborted', async () => {
  await download({ ...file, target: join(room.folder, 'out', 'first') }, retry)
  await writeFile(`${file.target}.icthp.lock`, `1 elsewhere\n`)
  await expect(download(file, retry, { signal: AbortSignal.timeout(400) })).rejects.toMatchObject({
    name: 'TimeoutError',
  })
})

test('a disk without room is refused before a byte comes', async () => {
  const error = await failure(download({ ...file, size: 2 ** 62 }, retry), 'download_no_space')
  expect(error.details).toMatchObject({ bytes: 2 ** 62, free: expect.any(Number) })
  expect(room.hub.served).toEqual([])
})

test('redirects in a ring end', async () => {
  const url = `${room.hub.endpoint}/ring`
  const round = (): Promise<Response> =>
    Promise.resolve(new Response(null, { status: 302, headers: { location: url } }))
  const fetching = vi.spyOn(globalThis, 'fetch').mockImplementation(round)
  try {
    await failure(download({ ...file, url }, { ...retry, attempts: 1 }), 'download_failed')
    expect(fetching).toHaveBeenCalledTimes(9)
  } finally {
    fetching.mockRestore()
  }
})

test('a server that asks for long is not waited for: it is said at once when to come back', async () => {
  room.hub.trouble('w.bin', { status: 429, headers: { 'retry-after': '7200' } })
  const error = await failure(download(file, retry), 'download_failed')
  expect(error.details).toMatchObject({ status: 429, retryAfter: 7200 })
  expect(error.message).toMatch(/Try again in 2 hours|Try again in 120 minutes/)
  expect(error.message).toMatch(/\(\d{4}-\d\d-\d\d \d\d:\d\d UTC\)/)
  expect(room.hub.served.length).toBe(1)
})

test('a wait that a server asks for is reported, second by second', async () => {
  room.hub.trouble('w.bin', { status: 429, headers: { ratelimit: '"resolvers";r=0;t=2' } })
  const seen: Progress[] = []
  await download(file, retry, { onProgress: (progress) => seen.push(progress) })
  const waits = seen.filter(({ stage }) => stage === 'wait')
  const item = new URL(file.url).host
  const second = { stage: 'wait', item, total: 2, unit: 'seconds' }
  expect(waits).toEqual([
    { ...second, loaded: 0 },
    { ...second, loaded: 1 },
  ])
})

test.each([
  'a file where a folder should be',
  'a folder where a file should be',
  'a file of the largest size',
])('what the system says has a code and a remedy: %s', async (what) => {
  if (what.startsWith('a file where')) {
    await writeFile(join(room.folder, 'out'), '')
  } else if (what.startsWith('a folder')) {
    await mkdir(partialPath(file.target), { recursive: true })
  } else {
    const cause = Object.assign(new Error('EFBIG: file too large, write'), {
      code: 'EFBIG',
      syscall: 'write',
    })
    vi.spyOn(await handlePrototype(join(room.folder, 'x')), 'write').mockRejectedValue(cause)
  }
  try {
    const code = what.startsWith('a file of') ? 'download_no_space' : 'download_failed'
    const error = await failure(download(file, retry), code)
    expect(error.message).toMatch(/Choose another place|Make room/)
    expect(error.cause).toBeInstanceOf(Error)
  } finally {
    vi.restoreAllMocks()
  }
})

async function handlePrototype(path: string): Promise<FileHandle> {
  const handle = await open(path, 'w')
  await handle.close()
  return Object.getPrototypeOf(handle) as FileHandle
}

test('what is damaged is replaced where that is asked for', async () => {
  await mkdir(join(room.folder, 'out'))
  await writeFile(file.target, Buffer.alloc(content.length))
  expect(await download(file, retry)).toBe(false)
  expect(await download({ ...file, replace: true }, retry)).toBe(true)
  expect(sha256(await readFile(file.target))).toBe(sum)
})
