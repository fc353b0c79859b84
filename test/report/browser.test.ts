import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { type Browser, chromium, type Page } from 'playwright-core'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { renderReport } from '../../src/report/render-report.ts'
import type { Report } from '../../src/report/report.ts'
import { PATIENCE } from '../patience.ts'
import { sampleImage, sampleReport } from './sample-report.ts'

const executablePath = [process.env['CHROMIUM'], '/usr/bin/chromium', '/usr/bin/google-chrome'].find(
  (path) => path && existsSync(path),
)

describe.skipIf(executablePath === undefined)('in Chromium, from the disk and without a network', () => {
  let browser: Browser
  let folder: string
  let page: Page
  /** Whatever a reader's console would show, and every address but the page's own. */
  let complaints: string[]

  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), 'icthp-report-'))
    browser = await chromium.launch({ executablePath: executablePath!, args: ['--no-sandbox'] })
  })
  afterAll(async () => {
    await browser?.close()
    rmSync(folder, { recursive: true, force: true })
  })
  beforeEach(() => void (complaints = []))
  afterEach(async () => {
    await page.context().close()
    expect(complaints).toEqual([])
  })

  async function open(
    changes: Partial<Report> = {},
    options: Parameters<Browser['newContext']>[0] = {},
  ): Promise<void> {
    const file = join(folder, 'report.html')
    writeFileSync(file, renderReport(sampleReport(changes)))
    const context = await browser.newContext({ offline: true, ...options })
    context.setDefaultTimeout(PATIENCE)
    page = await context.newPage()
    page.on('console', (message) => complaints.push(message.text()))
    page.on('pageerror', (error) => complaints.push(String(error)))
    page.on('request', (request) => {
      if (!/^(file|data):/.test(request.url())) complaints.push(request.url())
    })
    await page.goto(pathToFileURL(file).href)
  }

  const shown = (): Promise<string[]> => page.locator('.card:visible .name').allTextContents()
  const status = (): Promise<string | null> => page.locator('#status').textContent()
  /** A slider put by hand: hundredths of the way from the lowest score to the highest. */
  const slide = (label: RegExp, part: number): Promise<void> => page.getByLabel(label).fill(String(part))

  test('opens in the order of the ranking, with every picture', async () => {
    await open()
    expect(await shown()).toEqual(['fox 10.png', 'fox 9.png', 'owl.png'])
    expect(
      await page
        .locator('.card img')
        .evaluateAll((images) => images.map((image) => (image as HTMLImageElement).naturalWidth)),
    ).toEqual([1, 1, 1])
    expect(await status()).toBe('3 pictures')
  })

  test('sorts by each score and by name, and back by rank', async () => {
    await open()
    const orders: Record<string, string[]> = {}
    for (const way of ['ICT, lowest first', 'HP, highest first', 'name', 'weighted, lowest first', 'rank']) {
      await page.getByLabel('Sort by').selectOption(way)
      orders[way] = (await shown()).map((name) => name.replace('.png', ''))
    }
    expect(orders).toEqual({
      'ICT, lowest first': ['owl', 'fox 9', 'fox 10'],
      'HP, highest first': ['fox 9', 'fox 10', 'owl'],
      name: ['fox 9', 'fox 10', 'owl'],
      'weighted, lowest first': ['owl', 'fox 9', 'fox 10'],
      rank: ['fox 10', 'fox 9', 'owl'],
    })
  })

  test('groups have their headings in their own order, where one of their pictures is shown', async () => {
    const [a, b, c] = sampleReport().images
    const images = [
      { ...a!, group: 'a fox', prompt: 'a fox' },
      { ...b!, group: 'a fox', prompt: 'a fox' },
      { ...c!, group: 'an owl', prompt: 'an owl' },
    ]
    await open({ images, prompts: [] })
    const sheet = (): Promise<string[]> =>
      page.locator('.group:visible h2, .card:visible .name').allTextContents()
    expect(await sheet()).toEqual(['a fox', 'fox 10.png', 'fox 9.png', 'an owl', 'owl.png'])
    await page.getByLabel('Sort by').selectOption('ICT, lowest first')
    expect(await sheet()).toEqual(['owl.png', 'fox 9.png', 'fox 10.png'])
    await page.getByLabel('Sort by').selectOption('rank')
    await page.getByRole('searchbox', { name: 'Name' }).fill('owl')
    expect(await sheet()).toEqual(['an owl', 'owl.png'])
    await page.getByRole('button', { name: 'Reset' }).click()
    await expect.poll(sheet).toEqual(['a fox', 'fox 10.png', 'fox 9.png', 'an owl', 'owl.png'])
  })

  test('filters by name, by score and by what passed; Reset shows all', async () => {
    await open()
    await page.getByRole('searchbox', { name: 'Name' }).fill('FOX')
    expect([await shown(), await status()]).toEqual([['fox 10.png', 'fox 9.png'], '2 of 3 pictures'])
    await slide(/HP from/, 90)
    expect(await shown()).toEqual(['fox 9.png'])
    await page.getByLabel('passed only').check()
    expect([await shown(), await status()]).toEqual([[], '0 of 3 pictures'])
    expect(await page.getByText('No picture matches.').isVisible()).toBe(true)
    await page.getByRole('button', { name: 'Reset' }).click()
    await expect.poll(shown).toEqual(['fox 10.png', 'fox 9.png', 'owl.png'])
    // From -0.1 to 0.9.
    await slide(/ICT from/, 74)
    expect([await shown(), await page.locator('output').allTextContents()]).toEqual([
      ['fox 10.png', 'fox 9.png'],
      ['any', '0.6400', 'any'],
    ])
  })

  test('sliders hide nothing at their low end and keep the best at their high end, whatever the digits', async () => {
    const scores = [1 / 3, 0.1 + 0.2, 0.002601318359375, 2 / 3]
    await open({
      images: scores.map((score, i) => sampleImage(`${i}.png`, { score, ict: [score], hp: score })),
      thresholds: undefined,
    })
    expect(await status()).toBe('4 pictures')
    for (const label of [/weighted from/, /ICT from/, /HP from/]) await slide(label, 100)
    expect(await shown()).toEqual(['3.png'])
  })

  test('with several prompts, the chosen one says what ICT is', async () => {
    await open({
      ranking: undefined,
      thresholds: undefined,
      prompts: ['a red fox', 'an owl'].map((text) => ({ text, cut: '', tokens: 5, limit: 77 })),
      images: [sampleImage('fox.png', { ict: [0.9, 0.1] }), sampleImage('owl.png', { ict: [0.2, 0.8] })],
    })
    await page.getByLabel('Sort by').selectOption('ICT, highest first')
    expect(await shown()).toEqual(['fox.png', 'owl.png'])
    await page.getByLabel('ICT of').selectOption('2: an owl')
    expect(await shown()).toEqual(['owl.png', 'fox.png'])
    await slide(/ICT from/, 50)
    expect(await shown()).toEqual(['owl.png'])
  })

  test('hostile names run nothing and are read as they are', async () => {
    const hostile = `"><script>console.log('run')</script><img src=x onerror=console.log(1)> ${'x'.repeat(300)}`
    await open({
      images: [sampleImage(hostile, { rank: 1, score: 1, ict: [1], hp: 1 })],
      prompts: [{ text: hostile, cut: hostile, tokens: 99, limit: 77 }],
    })
    expect(await shown()).toEqual([hostile])
    expect(await page.evaluate(() => document.scripts.length)).toBe(1)
  })

  test('the keyboard reaches every control and works them', async () => {
    await open()
    const reached: string[] = []
    for (let i = 0; i < 7; i++) {
      await page.keyboard.press('Tab')
      reached.push(
        await page.evaluate(
          () => (document.activeElement as HTMLInputElement).name || document.activeElement!.textContent!,
        ),
      )
    }
    expect(reached).toEqual(['sort', 'name', 'min-score', 'min-ict', 'min-hp', 'passed', 'Reset'])
    await page.getByLabel(/ICT from/).focus()
    await page.keyboard.press('End')
    expect(await shown()).toEqual(['fox 10.png'])
  })

  test.each([
    ['a phone', { viewport: { width: 360, height: 740 }, isMobile: true }],
    ['a wide screen', { viewport: { width: 1600, height: 900 } }],
  ])('nothing sticks out on %s', async (_, options) => {
    const long = { text: 'w'.repeat(400), cut: 'c'.repeat(400), tokens: 99, limit: 77 }
    await open({ prompts: [long, long], notes: ['n'.repeat(300)] }, options)
    expect(
      await page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth),
    ).toBe(0)
  })

  test('is dark where the reader wants it, and light and without controls on paper', async () => {
    await open({}, { colorScheme: 'dark' })
    const lightness = (): Promise<number> =>
      page.evaluate(() => Number(/\d+/.exec(getComputedStyle(document.body).backgroundColor)![0]))
    expect(await lightness()).toBeLessThan(60)
    await page.emulateMedia({ media: 'print' })
    expect([await lightness(), await page.locator('#tools').isVisible()]).toEqual([255, false])
  })

  test('is whole without JavaScript', async () => {
    await open({}, { javaScriptEnabled: false })
    expect(await shown()).toEqual(['fox 10.png', 'fox 9.png', 'owl.png'])
    expect(await page.locator('#tools').isVisible()).toBe(false)
  })
})
