import { type Browser, type BrowserContextOptions, chromium, type Page } from 'playwright-core'
import { PATIENCE } from '../patience.ts'
import { YOUNG_WASM } from '../web/browser/chromium.ts'
import { findBrowser } from '../web/browser/find-browser.ts'

/** Chromium as the tests of icthp/web find or install it, with playwright-core's own pages. */
export async function launchChromium(): Promise<Browser> {
  const executablePath = await findBrowser('chromium')
  const asRoot = process.getuid?.() === 0 ? ['--no-sandbox'] : []
  return chromium.launch({
    executablePath,
    args: [
      ...asRoot,
      YOUNG_WASM,
      '--disable-gpu',
      '--disable-quic',
      '--no-first-run',
      '--disable-background-networking',
      '--disable-component-update',
      '--disable-sync',
    ],
  })
}

export interface WatchedPage {
  readonly page: Page
  /** Errors and warnings of the console, exceptions, and requests to other hosts, as they come. */
  readonly complaints: string[]
}

/** A page in a context of its own that writes down what a user should never see. */
export async function watchedPage(
  browser: Browser,
  url: string,
  options: BrowserContextOptions = {},
): Promise<WatchedPage> {
  const context = await browser.newContext(options)
  context.setDefaultTimeout(PATIENCE)
  const page = await context.newPage()
  const complaints: string[] = []
  page.on('console', (message) => {
    if (message.type() === 'error' || message.type() === 'warning')
      complaints.push(`${message.type()}: ${message.text()}`)
  })
  page.on('pageerror', (error) => complaints.push(String(error)))
  context.on('request', (request) => {
    const { protocol, origin } = new URL(request.url())
    if (/^https?:$/.test(protocol) && origin !== new URL(url).origin)
      complaints.push(`fetched ${request.url()}`)
  })
  return { page, complaints }
}
