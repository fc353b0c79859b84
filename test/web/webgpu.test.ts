import { afterAll, beforeAll, expect, test } from 'vitest'
import { tinyModel } from '../tiny-model.ts'
import { type ChromiumPage, openChromium } from './browser/chromium.ts'
import type { StaticServer } from './browser/server.ts'
import { expectClose, IMAGES, PROMPTS, scoreInNode } from './exact.ts'
import { startRoom } from './room.ts'

// A software renderer takes its time.
const FEW = IMAGES.slice(0, 1)

let page: ChromiumPage
let server: StaticServer
beforeAll(async () => {
  ;[page, server] = await Promise.all([openChromium({ webgpu: true }), startRoom()])
  await page.open(server.url)
})
afterAll(() => Promise.all([page?.close(), server?.close()]))

const request = { model: '/model/', images: FEW.map((image) => `/examples/${image}`), prompts: PROMPTS }

test('auto does not take a software renderer, and says so', async () => {
  const { infos } = await page.call('score', { ...request, device: 'auto' })
  expect(infos[0]).toMatchObject({ device: 'wasm' })
  expect(infos[0]!.notes.join()).toContain('software renderer')
})

test('WebGPU in float32 gives what Node gives, though its fused attention is wrong here', async () => {
  const scored = await page.call('score', { ...request, device: 'webgpu' })
  expectClose(scored, await scoreInNode(await tinyModel(), FEW), 1e-3)
  expect(scored.infos[0]).toMatchObject({ device: 'webgpu', dtype: 'fp32' })
  expect(scored.infos[0]!.notes.join()).toContain('attention is wrong on this GPU')
})
