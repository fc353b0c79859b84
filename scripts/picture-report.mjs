// Takes docs/report.png, the picture of an --html report: what the command line writes for examples/images, in Chromium (the
// one that CHROMIUM names, else Debian's). Run: npm run build && node scripts/picture-report.mjs
import { execFileSync } from 'node:child_process'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { chromium } from 'playwright-core'
import { cli, makeExampleModel, root } from './example-model.mjs'

const report = join(root, '.cache/example/report.html')
const args = ['rank', 'examples/images', '--model', await makeExampleModel(), '--prompt', 'two red apples on a table', '--html', report]
execFileSync(process.execPath, [cli, ...args], { cwd: root, stdio: 'inherit' })

const browser = await chromium.launch({ executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium', args: ['--no-sandbox'] })
const page = await browser.newPage({ viewport: { width: 1100, height: 760 } })
await page.goto(pathToFileURL(report).href)
await page.screenshot({ path: join(root, 'docs/report.png') })
await browser.close()
