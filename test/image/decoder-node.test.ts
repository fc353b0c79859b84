import { spawnSync } from 'node:child_process'
import { closeSync, mkdtempSync, openSync, readFileSync, rmSync, writeFileSync, writeSync } from 'node:fs'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { ImageDecoder } from '../../src/image/decoder.ts'
import { createNodeDecoder } from '../../src/image/decoder-node.ts'
import type { ImageInput } from '../../src/image/inputs/image-input.ts'
import { workerUrl } from '../../src/worker/worker-url-node.ts'
import { PATIENCE } from '../patience.ts'
import { sha256 } from '../sha256.ts'

const folder = fileURLToPath(new URL('../fixtures/images/', import.meta.url))
const path = `${folder}jpeg-420.jpg`
const bytes = new Uint8Array(readFileSync(path))
const want = (
  JSON.parse(readFileSync(`${folder}pillow.json`, 'utf8')) as {
    images: Record<string, { rgbSha256: string }>
  }
).images['jpeg-420.jpg']!.rgbSha256

let server: Server
let origin: string
beforeAll(async () => {
  server = createServer((request, response) => {
    const url = new URL(request.url!, 'http://localhost')
    if (url.pathname === '/image.jpg') return response.end(bytes)
    if (url.pathname === '/moved') return response.writeHead(302, { location: '/image.jpg' }).end()
    if (url.pathname === '/broken') {
      response.writeHead(200, { 'content-length': bytes.length })
      response.write(bytes.subarray(0, 100), () => response.destroy())
      return
    }
    if (url.pathname === '/endless') {
      const timer = setInterval(() => response.write(new Uint8Array(1000)), 1)
      return response.on('close', () => clearInterval(timer))
    }
    if (url.pathname === '/silent') return
    if (url.pathname === '/page') return response.end('<!doctype html>')
    return response.writeHead(Number(url.pathname.slice(1))).end()
  }).listen(0, '127.0.0.1')
  await new Promise((resolve) => server.once('listening', resolve))
  origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
})
afterAll(() => (server.closeAllConnections(), server.close()))

describe.each([
  { threads: 2, sharp: 'auto' as const },
  { threads: 2, sharp: 'never' as const },
  { threads: 0, sharp: 'auto' as const },
])('createNodeDecoder($threads threads, sharp $sharp)', ({ threads, sharp }) => {
  let decoder: ImageDecoder
  beforeAll(() => {
    decoder = createNodeDecoder({ threads, sharp, maxDownloadBytes: 10_000, timeoutSeconds: 0.5 })
  })
  afterAll(() => decoder.dispose())

  test('is named', () => {
    expect(decoder.name).toMatch(sharp === 'auto' ? /^sharp \d+\.\d+\.\d+$/ : /^wasm$/)
  })

  const padded = new Uint8Array(bytes.length + 20)
  padded.set(bytes, 8)
  test.each<[string, () => unknown]>([
    ['path', () => path],
    ['file URL', () => pathToFileURL(path)],
    ['file URL as text', () => pathToFileURL(path).href],
    ['http URL as text', () => `${origin}/image.jpg`],
    ['http URL, moved', () => new URL(`${origin}/moved`)],
    ['data URL', () => `data:image/jpeg;base64,${Buffer.from(bytes).toString('base64')}`],
    ['Uint8Array', () => bytes],
    ['Buffer', () => readFileSync(path)],
    ['ArrayBuffer', () => bytes.buffer],
    [
      'SharedArrayBuffer',
      () => {
        const shared = new SharedArrayBuffer(bytes.length)
        new Uint8Array(shared).set(bytes)
        return shared
      },
    ],
    ['view into a longer buffer', () => padded.subarray(8, 8 + bytes.length)],
    ['DataView', () => new DataView(padded.buffer, 8, bytes.length)],
    ['Blob', () => new Blob([bytes])],
    ['File', () => new File([bytes], 'a.jpg')],
  ])('reads a %s', async (_, make) => {
    const input = make()
    const image = await decoder.decode(input as ImageInput)
    expect(image).toMatchObject({ width: 61, height: 43, channels: 3 })
    expect(sha256(image.data)).toBe(want)
    // Still there for its owner.
    if (ArrayBuffer.isView(input)) expect(input.byteLength).toBe(bytes.length)
    expect(bytes.length).toBeGreaterThan(0)
  })

  test('reads raw pixels, whole and cropped', async () => {
    const raw = await decoder.decode(path)
    const again = await decoder.decode(raw)
    expect(sha256(again.data)).toBe(want)
    const [fromRaw, fromFile] = await Promise.all([
      decoder.crop(raw, { size: 32 }),
      decoder.crop(path, { size: 32 }),
    ])
    expect(fromRaw).toEqual(fromFile)
    expect(fromRaw).toMatchObject({ size: 32, width: 61, height: 43 })
    expect(raw.data.length).toBe(61 * 43 * 3)
  })

  const empty = `${mkdtempSync(`${tmpdir()}/icthp-`)}/empty.png`
  writeFileSync(empty, '')
  test.each<[string, () => unknown, string, string | RegExp]>([
    ['no file', () => `${folder}none.png`, 'image_not_found', `${folder}none.png: There is no such file`],
    ['a folder', () => folder, 'image_unreadable', 'This is a folder'],
    ['an empty file', () => empty, 'image_empty', `${empty}: `],
    [
      'half a file',
      () => `${folder}jpeg-cut.jpg`,
      'image_truncated',
      'jpeg-cut.jpg: The JPEG file is cut short',
    ],
    [
      'half a named File',
      () => new File([bytes.subarray(0, 500)], 'half.jpg'),
      'image_truncated',
      'half.jpg: ',
    ],
    ['a text', () => new TextEncoder().encode('hello'), 'image_unsupported', /^A file of unknown kind/],
    ['a number', () => 5, 'image_unsupported', '5 is not an image'],
    ['null', () => null, 'image_unsupported', 'null is not an image'],
    [
      'wrong raw pixels',
      () => ({ data: new Uint8Array(5), width: 1, height: 1, channels: 3 }),
      'image_invalid_raw',
      'needs 3 bytes',
    ],
    [
      'raw pixels of no size',
      () => ({ data: new Uint8Array(), width: 0, height: 1, channels: 3 }),
      'image_zero_size',
      '0×1',
    ],
    [
      '404',
      () => `${origin}/404?key=secret`,
      'image_not_found',
      /^http:\/\/127.0.0.1:\d+\/404: The server answered 404 Not Found/,
    ],
    ['403', () => `${origin}/403`, 'image_unreadable', 'answered 403'],
    ['503', () => `${origin}/503`, 'image_unreadable', 'answered 503'],
    ['a web page', () => `${origin}/page`, 'image_unsupported', 'An HTML page'],
    ['a broken connection', () => `${origin}/broken`, 'image_truncated', 'The connection broke'],
    ['an endless answer', () => `${origin}/endless`, 'image_too_large', 'over the limit of 10000'],
    ['a silent server', () => `${origin}/silent`, 'image_unreadable', 'within 0.5 s'],
    ['a closed port', () => 'http://127.0.0.1:9/x.png', 'image_unreadable', 'cannot be reached'],
    ['an ftp address', () => new URL('ftp://127.0.0.1/x.png'), 'image_unsupported', 'not fetched'],
    ['an ftp address as text', () => 'ftp://127.0.0.1/x.png', 'image_unsupported', 'not fetched'],
    ['an address without a host', () => 'http://', 'image_unsupported', '"http://" is not a valid address'],
    ['a file URL of no file', () => 'file:///a%2fb.png', 'image_unsupported', 'is not a valid address'],
    ['an empty path', () => '', 'image_not_found', 'The path of an image is empty'],
  ])('refuses %s', async (_, make, code, message) => {
    await expect(decoder.crop(make() as ImageInput, { size: 8 })).rejects.toMatchObject({
      name: 'ImageError',
      code,
      message: expect.stringMatching(typeof message === 'string' ? escape(message) : message) as string,
    })
  })

  test('lets nothing through a limit that is not a number', async () => {
    await expect(decoder.crop(path, { size: 8 }, { maxPixels: Number.NaN })).rejects.toMatchObject({
      code: 'image_too_large',
    })
  })

  test('refuses more pixels than maxPixels', async () => {
    await expect(decoder.crop(path, { size: 8 }, { maxPixels: 1000 })).rejects.toMatchObject({
      code: 'image_too_large',
      details: { width: 61, height: 43, maxPixels: 1000, image: path },
    })
  })

  test('an aborted signal rejects with its reason', async () => {
    const reason = new Error('enough')
    await expect(decoder.crop(path, { size: 8 }, { signal: AbortSignal.abort(reason) })).rejects.toBe(reason)
    const controller = new AbortController()
    const waiting = decoder.crop(`${origin}/silent`, { size: 8 }, { signal: controller.signal })
    controller.abort(reason)
    await expect(waiting).rejects.toBe(reason)
  })
})

const escape = (text: string): RegExp => new RegExp(text.replace(/[.*+?^${}()|[\]\\]/g, '\\$&'))

describe('the pool', () => {
  test('takes many pictures at once, and those after an abort', async () => {
    const decoder = createNodeDecoder({ threads: 2, sharp: 'never' })
    const controller = new AbortController()
    const reason = new Error('enough')
    const dropped = Array.from({ length: 50 }, () =>
      decoder.crop(bytes, { size: 224 }, { signal: controller.signal }),
    )
    const kept = Array.from({ length: 50 }, () => decoder.crop(bytes, { size: 16 }))
    controller.abort(reason)
    for (const result of await Promise.allSettled(dropped))
      expect(result).toMatchObject({ status: 'rejected', reason })
    const crops = await Promise.all(kept)
    expect(new Set(crops.map(({ data }) => sha256(data))).size).toBe(1)
    await decoder.dispose()
  })

  test('dispose rejects what is under way, and is idempotent', async () => {
    const decoder = createNodeDecoder({ threads: 1 })
    const waiting = Promise.allSettled(Array.from({ length: 5 }, () => decoder.crop(path, { size: 8 })))
    await new Promise((resolve) => setTimeout(resolve, 20))
    await decoder.dispose()
    await decoder.dispose()
    expect((await waiting).some(({ status }) => status === 'rejected')).toBe(true)
    await expect(decoder.crop(path, { size: 8 })).rejects.toMatchObject({
      name: 'InputError',
      code: 'input_disposed',
    })
  })

  test('ends idle workers, and starts new ones', async () => {
    const decoder = createNodeDecoder({ threads: 1, idleSeconds: 0.05 })
    await decoder.crop(path, { size: 8 })
    await new Promise((resolve) => setTimeout(resolve, 300))
    await expect(decoder.crop(path, { size: 8 })).resolves.toMatchObject({ size: 8 })
    await decoder.dispose()
  })

  test('does not keep the process alive, but does until a picture is done', () => {
    const script = `
      import { createNodeDecoder } from ${JSON.stringify(new URL('../decoder-node.js', workerUrl('image')).href)}
      createNodeDecoder({ threads: 2, idleSeconds: 3600 }).crop(${JSON.stringify(path)}, { size: 8 }).then(({ size }) => console.log(size))
    `
    const { stdout, stderr, status } = spawnSync(process.execPath, ['--input-type=module', '-e', script], {
      timeout: PATIENCE,
      encoding: 'utf8',
    })
    expect({ stdout, stderr, status }).toEqual({ stdout: '8\n', stderr: '', status: 0 })
  })

  test.skipIf(process.platform === 'win32')(
    'an abort frees the worker of a picture that never ends',
    async () => {
      const folder = mkdtempSync(join(tmpdir(), 'icthp-pipe-'))
      const pipe = join(folder, 'pipe.png')
      expect(spawnSync('mkfifo', [pipe]).status).toBe(0)
      // Somebody who might write still, and does not.
      const writer = openSync(pipe, 'r+')
      const decoder = createNodeDecoder({ threads: 1 })
      const controller = new AbortController()
      const reason = new Error('enough')
      const hanging = decoder.crop(pipe, { size: 8 }, { signal: controller.signal })
      const next = decoder.crop(path, { size: 8 })
      setImmediate(() => controller.abort(reason))
      await expect(hanging).rejects.toBe(reason)
      await expect(next).resolves.toMatchObject({ size: 8 })
      writeSync(writer, bytes)
      closeSync(writer)
      await decoder.dispose()
      rmSync(folder, { recursive: true })
    },
  )

  test.skipIf(process.platform === 'win32')('a pipe is read to its end; devices are refused', async () => {
    const decoder = createNodeDecoder({ threads: 1 })
    for (const device of ['/dev/zero', '/dev/null']) {
      await expect(decoder.crop(device, { size: 8 })).rejects.toMatchObject({
        code: 'image_unreadable',
        details: { image: device },
      })
    }
    await decoder.dispose()
  })

  test('threads must be a whole number, and one that a machine may have', () => {
    for (const threads of [-1, 1.5, 20_000, Number.NaN]) {
      expect(() => createNodeDecoder({ threads })).toThrow(
        expect.objectContaining({ code: 'input_invalid_option' }),
      )
    }
  })
})

test('many Blobs are read when their turn comes, not all at the call', async () => {
  let held = 0
  let most = 0
  class CountedBlob extends Blob {
    override get size(): number {
      return 100 << 20
    }
    override async arrayBuffer(): Promise<ArrayBuffer> {
      most = Math.max(most, ++held)
      return super.arrayBuffer()
    }
  }
  const decoder = createNodeDecoder({ threads: 1 })
  try {
    const blobs = Array.from({ length: 12 }, () => new CountedBlob([bytes]))
    const done = blobs.map((blob) => decoder.crop(blob, { size: 8 }).finally(() => held--))
    expect(await Promise.all(done)).toHaveLength(12)
    // 256 MiB, that is two of them; the third is read before this hears of the first.
    expect(most).toBeLessThanOrEqual(3)
  } finally {
    await decoder.dispose()
  }
})

test.runIf(process.platform !== 'win32')('without threads, too, a silent pipe can be aborted', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'icthp-pipe-'))
  const pipe = join(folder, 'pipe.png')
  spawnSync('mkfifo', [pipe])
  // For reading and writing, so that there is a writer, who says nothing.
  const writer = openSync(pipe, 'r+')
  const decoder = createNodeDecoder({ threads: 0 })
  try {
    const controller = new AbortController()
    const decoding = decoder.decode(pipe, { signal: controller.signal })
    setImmediate(() => controller.abort(new Error('enough')))
    await expect(decoding).rejects.toThrow('enough')
  } finally {
    closeSync(writer)
    await decoder.dispose()
    rmSync(folder, { recursive: true })
  }
})
