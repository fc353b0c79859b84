import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest'
import { type ChromiumPage, openChromium } from './browser/chromium.ts'
import type { StaticServer } from './browser/server.ts'
import { startRoom } from './room.ts'

/** Two tabs of one origin share what is kept. The server takes its time, so that they meet. */
let page: ChromiumPage
let tab: ChromiumPage
let server: StaticServer
let expected: { readonly ict: number[][]; readonly hp: number[] }
/** Files of weights in the order in which they were asked for. */
let asked: string[]

const request = {
  model: '/model/',
  device: 'wasm',
  threads: 1,
  images: ['/examples/red-apple.jpg'],
  prompts: ['a red apple'],
} as const

beforeAll(async () => {
  ;[page, server] = await Promise.all([openChromium(), startRoom()])
  server.folders['slow'] = server.folders['model']!
  await page.open(server.url)
  tab = await page.tab(server.url)
  const { ict, hp } = await page.call('score', request)
  expected = { ict, hp }
})
afterAll(() => Promise.all([page?.close(), server?.close()]))
beforeEach(async () => {
  await page.call('clearStore', 'default')
  asked = []
  server.intercept = (_request, response, path) => {
    if (!path.startsWith('/model/') || path.endsWith('.json')) return false
    asked.push(path)
    setTimeout(() => {
      response.setHeader('location', path.replace('/model/', '/slow/'))
      response.writeHead(302).end()
    }, 300)
    return true
  }
})

const eachOnce = (): void => expect(asked.sort()).toEqual([...new Set(asked)])
const isWhole = async (): Promise<void> => {
  const files = await page.call('listStore', 'default')
  expect(files.length).toBeGreaterThan(0)
  expect(files.filter(({ complete }) => !complete)).toEqual([])
}

test('two tabs that load the same model at once fetch each file once, and both score', async () => {
  const both = await Promise.all([page.call('score', request), tab.call('score', request)])
  for (const { ict, hp } of both) expect({ ict, hp }).toEqual(expected)
  expect(asked).toHaveLength(6)
  eachOnce()
  await isWhole()
})

test('two loads of one page, too', async () => {
  const both = await Promise.all([page.call('score', request), page.call('score', request)])
  for (const { ict, hp } of both) expect({ ict, hp }).toEqual(expected)
  eachOnce()
  await isWhole()
})

test.each([50, 350])(
  'a load that is given up after %i ms does not spoil the one that follows at once',
  async (after) => {
    expect(await page.call('scoreOnSecondThought', request, after)).toEqual({
      first: 'AbortError',
      hp: expected.hp,
    })
    await isWhole()
  },
)

test('emptying the store in one tab leaves the load of the other', async () => {
  const scoring = page.call('score', request)
  await expect.poll(() => asked.length).toBeGreaterThan(2)
  for (let i = 0; i < 5; i++) await tab.call('clearStore', 'default')
  const { ict, hp } = await scoring
  expect({ ict, hp }).toEqual(expected)
  eachOnce()
  await tab.call('clearStore', 'default')
  expect(await page.call('listStore', 'default')).toEqual([])
})
