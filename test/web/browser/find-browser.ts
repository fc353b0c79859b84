import { execFileSync } from 'node:child_process'
import { existsSync, mkdirSync, rmdirSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout } from 'node:timers/promises'

const BROWSERS = {
  chromium: { paths: ['/usr/bin/chromium', '/usr/bin/chromium-browser', '/usr/bin/google-chrome'], debian: 'chromium', env: 'CHROMIUM' },
  firefox: { paths: ['/usr/bin/firefox-esr', '/usr/bin/firefox'], debian: 'firefox-esr', env: 'FIREFOX' },
} as const

export type BrowserName = keyof typeof BROWSERS

/**
 * Where a browser is: what `$CHROMIUM` or `$FIREFOX` says, the system's, else it is installed: Debian's package as root,
 * else Playwright's. `undefined` where that is not possible either.
 */
export async function findBrowser(name: BrowserName): Promise<string | undefined> {
  return installed(name) ?? (await once(`icthp-install-${name}`, () => installed(name) ?? install(name)))
}

function installed(name: BrowserName): string | undefined {
  const { paths, env } = BROWSERS[name]
  return [process.env[env], ...paths].find((path) => path && existsSync(path))
}

function install(name: BrowserName): string | undefined {
  const { debian } = BROWSERS[name]
  const run = (command: string, ...args: string[]): void =>
    void execFileSync(command, args, { stdio: ['ignore', 'ignore', 'inherit'], env: { ...process.env, DEBIAN_FRONTEND: 'noninteractive' } })
  console.warn(`${name} is missing and is being installed`)
  try {
    if (process.getuid?.() === 0 && existsSync('/usr/bin/apt-get')) {
      run('apt-get', 'update', '-qq')
      run('apt-get', 'install', '-y', '-qq', '--no-install-recommends', debian, ...(name === 'chromium' ? ['libvulkan1'] : []))
      return installed(name)
    }
    // Playwright's Firefox does not speak WebDriver BiDi.
    if (name === 'firefox') return undefined
    run(process.execPath, 'node_modules/playwright-core/cli.js', 'install', 'chromium')
    return execFileSync(process.execPath, ['-e', "console.log(require('playwright-core').chromium.executablePath())"], { encoding: 'utf8' }).trim()
  } catch (error) {
    console.warn(`${name} cannot be installed: ${(error as Error).message}`)
    return undefined
  }
}

/** One process at a time, since test files run side by side. */
async function once<T>(name: string, work: () => T): Promise<T> {
  const lock = join(tmpdir(), name)
  for (;;) {
    try {
      mkdirSync(lock)
      break
    } catch {
      await setTimeout(500)
    }
  }
  try {
    return work()
  } finally {
    rmdirSync(lock)
  }
}
