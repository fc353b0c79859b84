import { cp } from 'node:fs/promises'
import { join } from 'node:path'
import type { Browser } from 'playwright-core'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { root } from '../package/pages.ts'
import { pack } from '../package/room.ts'
import { tinyModel } from '../tiny-model.ts'
import { launchChromium, watchedPage } from './chromium.ts'
import { type ExampleRoom, exampleRoom, serve, type Served, serveNext } from './example-room.ts'
import { scoresInNode } from './scores-in-node.ts'

/** The packed package in a project of each kind: built, served and opened in Chromium, as in the examples' READMEs. */
interface Example {
  readonly name: string
  /** Where the model's folder belongs. */
  readonly model: string
  readonly serve: (room: ExampleRoom) => Promise<Served>
}

const examples: readonly Example[] = [
  {
    name: 'vite',
    model: 'public/model',
    serve: async (room) => (await room.script('build'), serve(join(room.folder, 'dist'))),
  },
  {
    name: 'webpack',
    model: 'model',
    // Not minified as Vite's and Next.js' are: its minimiser alone takes longer than all else here.
    serve: async (room) => (await room.script('build', '--no-optimization-minimize'), serve(room.folder)),
  },
  {
    name: 'next',
    model: 'public/model',
    serve: async (room) => (await room.script('build'), serveNext(room.folder)),
  },
  { name: 'plain', model: 'model', serve: (room) => serve(room.folder) },
]

const image = join(root, 'examples/images/two-red-apples.jpg')
const prompt = 'two red apples on a table'
let tarball: string
let model: string
let expected: { ict: number; hp: number }
let browser: Browser

beforeAll(async () => {
  tarball = (await pack()).tarball
  model = await tinyModel()
  expected = (await scoresInNode(model, [image], prompt))[0]!
  browser = await launchChromium()
})
afterAll(() => browser?.close())

test.each(examples)(
  '$name',
  async ({ name, model: place, serve: start }) => {
    const room = await exampleRoom(name, tarball)
    await cp(model, join(room.folder, place), { recursive: true })
    const served = await start(room)
    const { page, complaints } = await watchedPage(browser, served.url)
    try {
      await page.goto(served.url)
      expect(await page.evaluate(() => crossOriginIsolated)).toBe(true)
      const said = page.locator('#scores')
      // Next.js listens once the page is hydrated, and not a moment before.
      await expect
        .poll(async () => {
          await page.setInputFiles('#image', [])
          await page.setInputFiles('#image', image)
          return said
            .filter({ hasNotText: 'Choose' })
            .waitFor({ timeout: 1000 })
            .then(
              () => true,
              () => false,
            )
        })
        .toBe(true)
      await said.filter({ hasNotText: 'Working' }).waitFor()
      expect(await said.textContent()).toMatch(/^ICT/)
      const [, ict, hp, device] = /ICT (\S+) HP (\S+) on (\w+)/.exec((await page.textContent('#scores'))!)!
      expect(device).toBe('wasm')
      expect(Math.abs(Number(ict) - expected.ict)).toBeLessThan(2e-5)
      expect(Math.abs(Number(hp) - expected.hp)).toBeLessThan(2e-5)
      expect(complaints).toEqual([])
    } finally {
      await page.context().close()
      await served.close()
    }
  },
  300_000,
)
