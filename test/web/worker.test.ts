import { afterAll, beforeAll, expect, test } from 'vitest'
import { type ChromiumPage, openChromium } from './browser/chromium.ts'
import type { StaticServer } from './browser/server.ts'
import { IMAGES } from './exact.ts'
import { restrictedSuite } from './restricted.ts'
import { startRoom } from './room.ts'

let page: ChromiumPage
let server: StaticServer
beforeAll(async () => {
  ;[page, server] = await Promise.all([openChromium(), startRoom()])
  await page.open(server.url)
})
afterAll(() => Promise.all([page?.close(), server?.close()]))

const images = IMAGES.map((image) => `/examples/${image}`)

test('the page goes on while images are ranked in the worker', async () => {
  await page.call('load', '/model/', { device: 'wasm', threads: 1 })
  // A few times over, so that there is something to wait for.
  const ten = Array.from({ length: 30 }, (_, i) => images[i % images.length]!)
  // The towers' time is the worker's: the page's timer, every 4 ms, is hardly held up. Other processes may hold up both, but
  // towers in the page would do so in every attempt.
  const seen: string[] = []
  for (let attempt = 0; attempt < 5; attempt++) {
    const { longest, frames, took } = await page.call('rankWhileAnimating', ten, 'two red apples')
    expect(took).toBeGreaterThan(100)
    if (longest < Math.max(50, took / 4) && frames > took / 40) return
    seen.push(`${longest} ms of ${took}, ${frames} turns`)
  }
  expect(seen).toEqual([])
})

test('cancelling ends a call and no more; dispose ends the worker', async () => {
  // One for each model, and one for the images, which are decoded once for both.
  expect(page.workers()).toBe(3)
  const many = Array.from({ length: 30 }, (_, i) => images[i % images.length]!)
  expect(await page.call('endings', many)).toEqual({
    aborted: 'AbortError',
    'goes on': 'fulfilled',
    running: 'input_disposed',
    after: 'input_disposed',
  })
  await expect.poll(() => page.workers()).toBe(0)
})

test('says what to do where the worker or the runtime is not served', async () => {
  server.intercept = (_request, response, path) =>
    path.endsWith('.wasm') && path.startsWith('/ort/') && Boolean(response.writeHead(404).end())
  expect(await page.call('loadFailure', '/model/', { device: 'wasm' })).toMatchObject({
    name: 'DeviceError',
    code: 'runtime_missing',
    message: expect.stringContaining('wasmPaths') as string,
  })
  server.intercept = (_request, response, path) =>
    path.includes('worker-web') && Boolean(response.writeHead(404).end())
  expect(await page.call('loadFailure', '/model/', { device: 'wasm' })).toMatchObject({
    name: 'DeviceError',
    code: 'runtime_missing',
    message: expect.stringContaining('worker-web.js') as string,
  })
  server.intercept = undefined
  expect(await page.call('loadFailure', '/model/', { device: 'wasm', wasmPaths: '/nowhere/' })).toMatchObject(
    { code: 'runtime_missing' },
  )
  server.folders['elsewhere'] = server.folders['ort']!
  expect(await page.call('loadFailure', '/model/', { device: 'wasm', wasmPaths: '/elsewhere/' })).toBe(
    'loaded',
  )
})

test('devices and precisions that are not there', async () => {
  expect(await page.call('loadFailure', '/model/', { device: 'cuda' })).toMatchObject({
    name: 'DeviceError',
    code: 'device_unavailable',
  })
  expect(await page.call('loadFailure', '/model/', { device: 'gpu' as never })).toMatchObject({
    code: 'device_unknown',
  })
  expect(await page.call('loadFailure', '/model/', { device: 'webgpu' })).toMatchObject({
    code: 'device_unavailable',
  })
  expect(await page.call('loadFailure', '/model/', { dtype: 'q4' })).toMatchObject({
    code: 'model_dtype_unavailable',
  })
  expect(await page.call('loadFailure', '/nothing/', {})).toMatchObject({
    name: 'ModelError',
    code: 'model_not_found',
  })
})

test('inputs that are none, or cannot be read', async () => {
  const urls = {
    html: '/',
    missing: '/fixtures/none.png',
    svg: 'data:image/svg+xml,<svg xmlns="http://www.w3.org/2000/svg" width="20" height="10"/>',
  }
  const answers = await page.call('refusedInputs', urls)
  const codes = Object.fromEntries(
    Object.entries(answers).map(([name, { code, size }]) => [name, code ?? size]),
  )
  expect(codes).toEqual({
    number: 'image_unsupported',
    null: 'image_unsupported',
    'empty img': 'image_unsupported',
    'an address that is none': 'image_unsupported',
    ftp: 'image_unsupported',
    missing: 'image_not_found',
    'a web page': 'image_unsupported',
    'empty Blob': 'image_empty',
    'no image': 'image_unsupported',
    'closed ImageBitmap': 'image_unreadable',
    'too few bytes': 'image_invalid_raw',
    // No decoder here reads it, so that it is drawn.
    'img of an SVG': [20, 10],
  })
  expect(answers['missing']!.message).toContain('/fixtures/none.png')
})

restrictedSuite(async () => ({
  open: async (url) => await page.tab(url),
  close: async () => {},
}))

test('the backend does what every backend must', async () => {
  const wrong: Record<string, string> = {}
  const names = await page.call('conformanceCases', 'wasm')
  expect(names.length).toBeGreaterThan(10)
  for (const name of names) {
    const answer = await page.call('conformanceCase', name, 'wasm')
    if (answer) wrong[name] = answer
  }
  expect(wrong).toEqual({})
}, 240_000)
