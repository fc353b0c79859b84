import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { Browser, Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest'
import { root } from '../package/pages.ts'
import { mustRun } from '../package/room.ts'
import { faintTexts, namelessControls } from './accessibility.ts'
import { launchChromium, watchedPage } from './chromium.ts'
import { serve, type Served } from './example-room.ts'
import { scoresInNode } from './scores-in-node.ts'

/** examples/web as `npm run example:web` serves it, in Chromium, on the demo model. */
const dist = join(root, 'examples/web/dist')
const PROMPT = 'two red apples on a table'
/** With weights in 8 bits, CPUs of Node round activations, too, and WebAssembly does not: measured were 0.0027. */
const Q8 = 0.005
let browser: Browser
let served: Served
let samples: string[]

beforeAll(async () => {
  await mustRun(process.execPath, [join(root, 'scripts/example-web.mjs'), '--build'], { cwd: root })
  samples = (await readdir(join(root, 'examples/images'))).sort()
  ;[browser, served] = await Promise.all([launchChromium(), serve(dist)])
})
afterAll(async () => {
  await Promise.all([browser?.close(), served?.close()])
})

/** Counts what the page asks of its workers, and makes it slow where a test needs time. */
const COUNT_MESSAGES = `{
  const post = Worker.prototype.postMessage
  window.sent = 0
  window.delay = 0
  Worker.prototype.postMessage = function (...args) {
    window.sent++
    if (window.delay) setTimeout(() => post.apply(this, args), window.delay)
    else post.apply(this, args)
  }
}`
declare const sent: number
const slowDown = (page: Page, delay: number): Promise<unknown> =>
  page.evaluate((ms) => Object.assign(window, { delay: ms }), delay)

async function open(
  options: Parameters<typeof watchedPage>[2] = {},
  url = served.url,
): Promise<{ page: Page; complaints: string[] }> {
  const opened = await openPage(options, url)
  onTestFinished(() => opened.page.context().close())
  return opened
}

async function openPage(
  options: Parameters<typeof watchedPage>[2] = {},
  url = served.url,
): Promise<{ page: Page; complaints: string[] }> {
  const watched = await watchedPage(browser, url, { reducedMotion: 'reduce', ...options })
  await watched.page.addInitScript(COUNT_MESSAGES)
  await watched.page.goto(url)
  return watched
}

const status = (page: Page, text: RegExp): Promise<unknown> =>
  page.getByRole('status').filter({ hasText: text }).waitFor()
const sample = (name: string): string => join(root, 'examples/images', name)

async function rankSamples(page: Page): Promise<void> {
  await page.getByRole('button', { name: 'Use samples' }).click()
  await status(page, /added/)
  await page.getByRole('button', { name: 'Rank', exact: true }).click()
  await status(page, /^Ranked/)
}

interface Row {
  readonly name: string
  readonly ict: number
  readonly hp: number
  readonly score: number
}

const rows = (page: Page): Promise<Row[]> =>
  page.locator('#ranking > .entry[data-passed]').evaluateAll((entries) =>
    entries.map((entry) => {
      const number = (selector: string): number => Number(entry.querySelector(selector)!.textContent)
      return {
        name: (entry.querySelector('.name') as HTMLElement).title,
        ict: number('.ict .value'),
        hp: number('.hp .value'),
        score: number('.score b'),
      }
    }),
  )

/** Moves the weight as a hand does. */
const weigh = (page: Page, percent: number): Promise<void> =>
  page.getByRole('slider', { name: 'Weight' }).fill(String(percent))

/** One page after the other would load the model anew: each test goes on where the one before it ended. */
describe('a visit', () => {
  let page: Page
  let complaints: string[]
  let total: number
  /** Adds the samples once more, each answer taking its time, and ranks; resolves once the first of them are scored. */
  const rankMore = async (delay: number): Promise<void> => {
    const before = await page.locator('#ranking > .entry[data-passed]').count()
    await slowDown(page, delay)
    await page.getByRole('button', { name: 'Use samples' }).click()
    await status(page, /added/)
    total += samples.length
    await page.getByRole('button', { name: 'Rank', exact: true }).click()
    await page.locator('#ranking > .entry[data-passed]').nth(before).waitFor()
  }
  const asked = (pictures: number, prompts: number): Promise<void> =>
    page
      .locator('#info')
      .filter({ hasText: `${pictures} pictures, ${prompts} prompts` })
      .waitFor({ state: 'attached' })

  beforeAll(async () => {
    ;({ page, complaints } = await openPage())
  })
  afterAll(() => page?.context().close())

  test('ranks the samples with the scores that Node gives, and fetches nothing from elsewhere', async () => {
    await rankSamples(page)
    total = samples.length
    const [shown, expected] = [
      await rows(page),
      await scoresInNode(join(dist, 'model'), samples.map(sample), PROMPT),
    ]
    expect(shown).toHaveLength(samples.length)
    const off = shown.flatMap(({ name, ict, hp }) => {
      const node = expected[samples.indexOf(name)]!
      return [Math.abs(ict - node.ict), Math.abs(hp - node.hp)]
    })
    expect(Math.max(...off)).toBeLessThan(Q8)
    expect(shown.map(({ score }) => score)).toEqual(shown.map(({ score }) => score).sort((a, b) => b - a))
    expect(await page.evaluate(() => crossOriginIsolated)).toBe(true)
    expect(await page.locator('#demo').isVisible()).toBe(true)
    expect(complaints).toEqual([])
  })

  test('another prompt costs the text tower alone', async () => {
    const before = await rows(page)
    await page.getByRole('textbox', { name: 'Prompt' }).fill('a sunset')
    await asked(total, 2)
    const after = await rows(page)
    const hp = (list: Row[]): number[] => samples.map((name) => list.find((row) => row.name === name)!.hp)
    expect(hp(after)).toEqual(hp(before))
    expect(after.map(({ ict }) => ict)).not.toEqual(before.map(({ ict }) => ict))
  })

  test('a prompt that is typed while pictures are scored is ranked by, too', async () => {
    await rankMore(60)
    await page.getByRole('textbox', { name: 'Prompt' }).fill('a dragon')
    await asked(total, 3)
    await status(page, new RegExp(`^Ranked ${total}`))
  })

  test('cancel between pictures keeps what is scored', async () => {
    const before = total
    await rankMore(100)
    await page.getByRole('button', { name: 'Cancel' }).click()
    await status(page, new RegExp(`^Cancelled: \\d+ of ${total} pictures scored`))
    const kept = (await rows(page)).length
    expect(kept).toBeGreaterThan(before)
    expect(kept).toBeLessThan(total)
    await slowDown(page, 0)
    await page.getByRole('button', { name: 'Rank', exact: true }).click()
    await status(page, new RegExp(`^Ranked ${total}`))
  })

  test('moving the weight orders anew without another run of a model', async () => {
    const ran = await page.evaluate(() => sent)
    const order = async (): Promise<string[]> => (await rows(page)).map(({ name }) => name)
    for (const [percent, by] of [
      [0, 'hp'],
      [100, 'ict'],
    ] as const) {
      await weigh(page, percent)
      const now = await rows(page)
      expect(now.map(({ score }) => score)).toEqual(now.map((row) => row[by]))
      expect(now.map((row) => row[by])).toEqual(now.map((row) => row[by]).sort((a, b) => b - a))
    }
    const byIct = await order()
    await page.getByRole('combobox', { name: 'Rule' }).selectOption('hp')
    expect(await order()).not.toEqual(byIct)
    await page.getByRole('checkbox', { name: 'HP' }).check()
    await page.getByRole('slider', { name: 'Least HP' }).fill('0.99')
    expect(await page.getByText('below the threshold').count()).toBe(total)
    expect(await page.evaluate(() => sent)).toBe(ran)
    await status(page, /^Best by HP alone/)
    expect(complaints).toEqual([])
  })
})

test('says where no model is', async () => {
  const { page } = await open({}, `${served.url}?model=nowhere/`)
  await page.getByRole('button', { name: 'Use samples' }).click()
  await status(page, /added/)
  await page.getByRole('button', { name: 'Rank', exact: true }).click()
  expect(await page.getByRole('alert').textContent()).toMatch(/nowhere/)
})

describe('another visit', () => {
  let page: Page

  beforeAll(async () => {
    ;({ page } = await openPage({ colorScheme: 'light' }))
  })
  afterAll(() => page?.context().close())

  test('cancel ends a download, and ranking goes on from there', async () => {
    await page.context().route('**/*.onnx_data', () => {})
    await page.getByRole('button', { name: 'Use samples' }).click()
    await status(page, /added/)
    await page.getByRole('button', { name: 'Rank', exact: true }).click()
    await page.getByText(/^Downloading .* of [\d.]+ [kM]B/).waitFor()
    await page.getByRole('button', { name: 'Cancel' }).click()
    await status(page, /^Cancelled: 0 of 9 pictures scored/)
    await page.context().unroute('**/*.onnx_data')
    await page.getByRole('button', { name: 'Rank', exact: true }).click()
    await status(page, /^Ranked 9/)
  })

  test('shows an error at the picture that has it, and ranks the others', async () => {
    const broken = (await readFile(sample(samples[0]!))).subarray(0, 900)
    await page.setInputFiles('#files', [
      { name: 'cut-short.jpg', mimeType: 'image/jpeg', buffer: broken },
      { name: 'whole.jpg', mimeType: 'image/jpeg', buffer: await readFile(sample(samples[1]!)) },
    ])
    await page.getByRole('button', { name: 'Rank', exact: true }).click()
    await status(page, /Ranked 10 pictures .*1 picture could not be read/)
    expect(
      await page
        .locator('.entry.failed')
        .filter({ hasText: 'cut-short.jpg' })
        .locator('.error')
        .textContent(),
    ).toMatch(/cut short/)
    expect((await rows(page)).map(({ name }) => name).sort()).toEqual([...samples, 'whole.jpg'].sort())
  })

  test.each([
    ['desk', 1240],
    ['phone', 360],
  ] as const)(
    'on a %s: nothing sticks out, all is named and legible, by day and by night',
    async (_place, width) => {
      await page.setViewportSize({ width, height: 800 })
      for (const id of ['#more-order', '#model'])
        await page.locator(id).evaluate((details) => ((details as HTMLDetailsElement).open = true))
      for (const colorScheme of ['light', 'dark'] as const) {
        await page.emulateMedia({ colorScheme })
        expect(
          await page.evaluate(() => document.documentElement.scrollWidth - innerWidth),
        ).toBeLessThanOrEqual(0)
        expect(await namelessControls(page)).toEqual([])
        expect(await faintTexts(page)).toEqual([])
      }
    },
  )
})

describe('a visit by keyboard, without a network later on', () => {
  let page: Page
  let complaints: string[]
  let own: Served
  let online: Row[]
  const tabTo = async (id: string): Promise<void> => {
    for (let i = 0; i < 60; i++) {
      await page.keyboard.press('Tab')
      const at = await page.evaluate(() => {
        const element = document.activeElement as HTMLElement
        // The picker's ring is drawn around its label.
        const ringed = element.id === 'files' ? element.nextElementSibling! : element
        return { id: element.id || element.className, outline: getComputedStyle(ringed).outlineStyle }
      })
      expect(at).toMatchObject({ outline: expect.stringMatching(/solid|auto/) as string })
      if (at.id === id) return
    }
    throw new Error(`Tab never comes to #${id}`)
  }

  beforeAll(async () => {
    own = await serve(dist)
    ;({ page, complaints } = await openPage({}, own.url))
  })
  afterAll(async () => {
    await page?.context().close()
    await own?.close()
  })

  test('works by keyboard alone', async () => {
    await tabTo('skip')
    await tabTo('files')
    await tabTo('samples')
    await page.keyboard.press('Enter')
    await status(page, /9 pictures added/)
    await tabTo('rank')
    await page.keyboard.press('Enter')
    await status(page, /^Ranked 9/)
    online = await rows(page)
    await tabTo('weight')
    await page.keyboard.press('Home')
    expect((await rows(page)).map(({ score }) => score)).toEqual((await rows(page)).map(({ hp }) => hp))
    await tabTo('remove')
    await page.keyboard.press('Enter')
    expect(await rows(page)).toHaveLength(8)
    expect(await page.evaluate(() => document.activeElement!.className)).toBe('remove')
    await page.getByRole('textbox', { name: 'Prompt' }).focus()
    await page.keyboard.press('Control+A')
    await page.keyboard.type('a dragon')
    await page.keyboard.press('Enter')
    await page.locator('#info').filter({ hasText: '2 prompts' }).waitFor({ state: 'attached' })
  })

  test('works offline after the first visit, and forgets when it is told to', async () => {
    // Offline the browser itself writes of every question that finds no server.
    expect(complaints).toEqual([])
    await own.close()
    await page.reload()
    expect(await page.evaluate(() => crossOriginIsolated)).toBe(true)
    await rankSamples(page)
    expect(await rows(page)).toEqual(online)

    await page.locator('#model > summary').click()
    expect(await page.locator('#kept').textContent()).toMatch(/^[\d.]+ MB in \d+ files? kept in this browser/)
    await page.getByRole('button', { name: 'Delete kept models' }).click()
    await page.getByText('No model is kept in this browser.').waitFor()
  })
})
