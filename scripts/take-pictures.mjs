// Takes docs/report.png, an --html report of examples/images, and docs/browser.png, the page of examples/web, in Chromium (the
// one that CHROMIUM names, else Debian's), both on the demo model. Run: npm run build && node scripts/take-pictures.mjs
import { execFileSync } from 'node:child_process'
import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'
import { chromium } from 'playwright-core'
import { preview } from 'vite'

const root = fileURLToPath(new URL('..', import.meta.url))
const node = (...args) => execFileSync(process.execPath, args, { cwd: root, stdio: 'inherit' })
const report = join(root, '.cache/report.html')
await mkdir(join(root, '.cache'), { recursive: true })
node(
  'dist/cli/icthp.js',
  'rank',
  'examples/images',
  '--model',
  'models/demo',
  '--prompt',
  'two red apples on a table',
  '--html',
  report,
)
node('scripts/example-web.mjs', '--build')

const browser = await chromium.launch({
  executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium',
  args: ['--no-sandbox'],
})
const page = await browser.newPage({ viewport: { width: 1100, height: 760 }, reducedMotion: 'reduce' })
await page.goto(pathToFileURL(report).href)
await page.screenshot({ path: join(root, 'docs/report.png') })

const server = await preview({
  root: join(root, 'examples/web'),
  configFile: join(root, 'examples/web/vite.config.ts'),
  logLevel: 'warn',
})
await page.goto(server.resolvedUrls.local[0])
await page.getByRole('button', { name: 'Use samples' }).click()
await page.getByRole('button', { name: 'Rank', exact: true }).click()
await page
  .getByRole('status')
  .filter({ hasText: /^Ranked/ })
  .waitFor({ timeout: 120_000 })
await page.mouse.move(0, 0)
await page.waitForTimeout(500)
await page.screenshot({ path: join(root, 'docs/browser.png') })
await browser.close()
await server.close()
