import { spawn } from 'node:child_process'
import { existsSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout } from 'node:timers/promises'
import { chromium } from 'playwright-core'
import { lockFile } from '../../../src/hub/files/file-lock-node.ts'

const BROWSERS = {
  chromium: {
    paths: ['/usr/bin/chromium', '/usr/bin/chromium-browser', '/usr/bin/google-chrome'],
    debian: ['chromium', 'libvulkan1'],
    env: 'CHROMIUM',
  },
  firefox: { paths: ['/usr/bin/firefox-esr', '/usr/bin/firefox'], debian: ['firefox-esr'], env: 'FIREFOX' },
} as const

export type BrowserName = keyof typeof BROWSERS

/** Another package manager may be at work, as on machines that update themselves. */
const APT_PATIENCE = 300_000

export const hasApt = (): boolean => process.getuid?.() === 0 && existsSync('/usr/bin/apt-get')

/**
 * Where a browser is: what `$CHROMIUM` or `$FIREFOX` says, the system's, else it is installed: Debian's package as root,
 * else Playwright's. Throws with the reason where that is not possible either.
 */
export async function findBrowser(name: BrowserName): Promise<string> {
  const found = installed(name)
  if (found) return found
  // Test files run side by side, and two package managers at a time do not go.
  const lock = await lockFile(join(tmpdir(), 'icthp-install-browser.lock'))
  try {
    return installed(name) ?? (await install(name))
  } finally {
    await lock.release()
  }
}

function installed(name: BrowserName): string | undefined {
  const { paths, env } = BROWSERS[name]
  const named = process.env[env]
  if (named && !existsSync(named))
    throw new Error(`$${env} names ${named}, which is not there. Name the browser's program, or unset it.`)
  // What Playwright brought runs only where the system has the libraries for it, so that it comes last.
  return (
    named ||
    [...paths, ...(name === 'chromium' && !hasApt() ? [chromium.executablePath()] : [])].find((path) =>
      existsSync(path),
    )
  )
}

async function install(name: BrowserName): Promise<string> {
  const { debian, env } = BROWSERS[name]
  const started = performance.now()
  try {
    if (hasApt()) {
      console.warn(`${name} is missing: installing it with apt-get, which may take a minute`)
      // Without lists there is nothing to install; where old ones are there and the network is not, they may do.
      const update = await apt('update').catch((error: unknown) => error)
      await apt('install', '-y', '--no-install-recommends', ...debian).catch((error: unknown) => {
        throw new Error(
          [error, update].flatMap((one) => (one instanceof Error ? [one.message] : [])).join('\n'),
        )
      })
    } else {
      // Playwright's Firefox does not speak WebDriver BiDi.
      if (name === 'firefox') throw new Error('only root on Debian or Ubuntu can be served here')
      console.warn(`${name} is missing: installing Playwright's, which may take a minute`)
      await run(process.execPath, 'node_modules/playwright-core/cli.js', 'install', 'chromium')
    }
    const path = installed(name)
    if (!path) throw new Error('what was installed is not where it should be')
    console.warn(`${name} is installed: ${path} (${Math.round((performance.now() - started) / 1000)} s)`)
    return path
  } catch (cause) {
    throw new Error(
      `There is no ${name}, and it cannot be installed: ${(cause as Error).message}\nInstall it, or name its program in $${env}.`,
      { cause },
    )
  }
}

export async function apt(...args: string[]): Promise<void> {
  const until = performance.now() + APT_PATIENCE
  for (;;) {
    try {
      return await run('apt-get', '-qq', '-o', `DPkg::Lock::Timeout=${APT_PATIENCE / 1000}`, ...args)
    } catch (error) {
      // The lock of the lists is not waited for by apt itself.
      if (
        !/could not get lock|unable to (acquire|lock)/i.test((error as Error).message) ||
        performance.now() > until
      )
        throw error
      await setTimeout(2000)
    }
  }
}

/** Not `execFileSync`: vitest takes a worker for dead that answers nothing for a minute. */
function run(command: string, ...args: string[]): Promise<void> {
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, {
      stdio: ['ignore', 'ignore', 'pipe'],
      env: { ...process.env, DEBIAN_FRONTEND: 'noninteractive' },
    })
    let said = ''
    child.stderr.setEncoding('utf8').on('data', (text: string) => (said += text))
    child.once('error', reject)
    child.once('close', (code) =>
      code === 0
        ? resolve()
        : reject(new Error(`${command} ${args.at(-1)} ended with ${code}: ${said.trim().slice(-1000)}`)),
    )
  })
}
