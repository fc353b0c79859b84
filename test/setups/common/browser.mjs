// A built page in Chromium: what the checks of set-ups for browsers share.
import { existsSync } from 'node:fs'
import { cp, readFile } from 'node:fs/promises'
import { createServer } from 'node:http'
import { extname, join, normalize } from 'node:path'
import { chromium } from 'playwright-core'
import { check, mustRun } from './checks.mjs'

const TYPES = {
  '.html': 'text/html',
  '.js': 'text/javascript',
  '.mjs': 'text/javascript',
  '.json': 'application/json',
  '.wasm': 'application/wasm',
}

/** With weights in 8 bits, CPUs of Node round activations, too, and WebAssembly does not: measured were 0.0027. */
const Q8 = 0.005

/**
 * Serves a folder, with the demo model beside its page, chooses the picture and holds the scores against those of `node
 * score.mjs`. Returns the paths that the page asked for.
 */
export async function checkPage(folder) {
  await cp('node_modules/icthp/models/demo', join(folder, 'model'), { recursive: true })
  const { server, url, asked } = await serve(folder)
  const browser = await chromium.launch({ executablePath: await findChromium(), args: ['--no-sandbox'] })
  try {
    const page = await browser.newPage()
    const complaints = []
    page.on('pageerror', (error) => complaints.push(String(error)))
    page.on('console', (message) => message.type() === 'error' && complaints.push(message.text()))
    await page.goto(url)
    await page.fill('#prompt', 'a red apple')
    await page.setInputFiles('#image', 'red-apple.jpg')
    const said = page.locator('#scores').filter({ hasNotText: /^(Choose|Working)/ })
    await said.waitFor({ timeout: 240_000 })
    const text = await said.textContent()
    const [, ict, hp, device] = /^ICT (\S+) HP (\S+) on (\w+)$/.exec(text) ?? []
    check(device === 'wasm' && complaints.length === 0, `the page says: ${text}\n${complaints.join('\n')}`)
    const node = JSON.parse((await mustRun(process.execPath, ['score.mjs'])).trim().split('\n').at(-1))
    for (const [name, score] of Object.entries({ ict, hp }))
      check(Math.abs(score - node[name]) < Q8, `${name} is ${score}, not ${node[name]}`)
    return asked
  } finally {
    await browser.close()
    server.close()
    server.closeAllConnections()
  }
}

async function serve(folder) {
  const asked = []
  const server = createServer(async ({ url }, response) => {
    const path = decodeURIComponent(new URL(url, 'http://localhost').pathname)
    asked.push(path)
    response.setHeader('Cross-Origin-Opener-Policy', 'same-origin')
    response.setHeader('Cross-Origin-Embedder-Policy', 'require-corp')
    const file = join(folder, normalize(path === '/' ? '/index.html' : path))
    const bytes = await readFile(file).catch(() => undefined)
    if (!bytes) return response.writeHead(404).end()
    response.setHeader('Content-Type', TYPES[extname(file)] ?? 'application/octet-stream').end(bytes)
  })
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve))
  return { server, url: `http://127.0.0.1:${server.address().port}/`, asked }
}

/** The system's, or what `$CHROMIUM` names, else Playwright's, which is fetched. */
async function findChromium() {
  const found = [
    process.env.CHROMIUM,
    '/usr/bin/chromium',
    '/usr/bin/google-chrome',
    chromium.executablePath(),
  ].find((path) => path && existsSync(path))
  if (found) return found
  await mustRun(process.execPath, ['node_modules/playwright-core/cli.js', 'install', 'chromium'])
  return chromium.executablePath()
}
