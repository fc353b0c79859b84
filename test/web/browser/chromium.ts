import { type Browser, type BrowserContext, chromium } from 'playwright-core'
import { PATIENCE } from '../../patience.ts'
import { findBrowser } from './find-browser.ts'
import type { Page } from './page.ts'

/** Without these, Chromium looks for its makers' servers. */
const QUIET = [
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
]

/**
 * Each page that loads a runtime compiles it anew: V8's fast compiler does for all but what runs hottest, as it would when
 * the page is young.
 */
export const YOUNG_WASM = '--js-flags=--wasm-tiering-budget=400000000'

/** WebGPU on the CPU, by SwiftShader, whose subgroups have 4 lanes. */
const SWIFTSHADER = [
  '--enable-unsafe-webgpu',
  '--enable-features=Vulkan',
  '--use-angle=vulkan',
  '--use-vulkan=swiftshader',
  '--use-webgpu-adapter=swiftshader',
  '--disable-vulkan-surface',
]

export interface ChromiumPage extends Page {
  readonly context: BrowserContext
  /** Another tab of the same browser and origin; closed with this one. */
  tab(url: string): Promise<ChromiumPage>
  /** Workers of the page that are alive. */
  workers(): number
}

export async function openChromium({ webgpu = false }: { webgpu?: boolean } = {}): Promise<ChromiumPage> {
  const executablePath = await findBrowser('chromium')
  const args = [
    ...QUIET,
    YOUNG_WASM,
    ...(process.getuid?.() === 0 ? ['--no-sandbox'] : []),
    ...(webgpu ? SWIFTSHADER : ['--disable-gpu']),
  ]
  const browser = await chromium.launch({ executablePath, headless: true, args })
  const context = await browser.newContext()
  context.setDefaultTimeout(PATIENCE)
  return tabOf(browser, context, () => browser.close())
}

async function tabOf(
  browser: Browser,
  context: BrowserContext,
  close?: () => Promise<void>,
): Promise<ChromiumPage> {
  const page = await context.newPage()
  if (process.env['ICTHP_WEB_LOG']) page.on('console', (message) => console.log('page:', message.text()))
  return {
    browser: `Chromium ${browser.version()}`,
    context,
    tab: async (url) => {
      const tab = await tabOf(browser, context)
      await tab.open(url)
      return tab
    },
    workers: () => page.workers().length,
    call: async (name, ...args) => {
      const json = await page.evaluate(
        ([name, args]) =>
          (globalThis as unknown as { callTest(name: string, args: string): Promise<string> }).callTest(
            name!,
            args!,
          ),
        [name, JSON.stringify(args)],
      )
      return JSON.parse(json) as never
    },
    open: async (url) => {
      await page.goto(url)
      await page.waitForFunction(() => 'callTest' in globalThis)
    },
    close: () => (close ?? (() => page.close()))(),
  }
}
