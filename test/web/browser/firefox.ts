import { spawn } from 'node:child_process'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { WebSocket } from 'ws'
import { findBrowser } from './find-browser.ts'
import type { Page } from './page.ts'

/** So that Firefox does not look for its makers' servers. */
const PREFERENCES = {
  'app.normandy.enabled': false,
  'app.update.disabledForTesting': true,
  'browser.region.update.enabled': false,
  'browser.safebrowsing.update.enabled': false,
  'browser.shell.checkDefaultBrowser': false,
  'datareporting.policy.dataSubmissionEnabled': false,
  'extensions.update.enabled': false,
  'network.captive-portal-service.enabled': false,
  'network.connectivity-service.enabled': false,
  'services.settings.server': 'data:,#remote-settings-dummy/v1',
  'toolkit.telemetry.enabled': false,
}

/** Firefox over WebDriver BiDi (https://www.w3.org/TR/webdriver-bidi/), which it speaks itself. */
export async function openFirefox(): Promise<Page> {
  const path = await findBrowser('firefox')
  const profile = await mkdtemp(join(tmpdir(), 'icthp-firefox-'))
  const preferences = Object.entries(PREFERENCES).map(
    ([name, value]) => `user_pref(${JSON.stringify(name)}, ${JSON.stringify(value)});\n`,
  )
  await writeFile(join(profile, 'user.js'), preferences.join(''))
  const args = ['--headless', '--no-remote', '--profile', profile, '--remote-debugging-port', '0']
  const child = spawn(path, args, {
    stdio: ['ignore', 'ignore', 'pipe'],
    env: { ...process.env, HOME: profile },
  })
  const address = await new Promise<string>((resolve, reject) => {
    child.once('exit', (code) => reject(new Error(`Firefox ended with ${code}`)))
    createInterface(child.stderr).on('line', (line) => {
      const found = /WebDriver BiDi listening on (ws:\S+)/.exec(line)?.[1]
      if (found) resolve(`${found}/session`)
    })
  })
  const session = await Session.open(address)
  const { capabilities } = await session.ask<{ capabilities: { browserVersion: string } }>('session.new', {
    capabilities: {},
  })
  const { context } = await session.ask<{ context: string }>('browsingContext.create', { type: 'tab' })
  const evaluate = async (functionDeclaration: string, ...values: string[]): Promise<string> => {
    const answer = await session.ask<{
      type: string
      result?: { value: string }
      exceptionDetails?: { text: string }
    }>('script.callFunction', {
      functionDeclaration,
      target: { context },
      awaitPromise: true,
      arguments: values.map((value) => ({ type: 'string', value })),
    })
    if (answer.exceptionDetails) throw new Error(answer.exceptionDetails.text)
    return answer.result!.value
  }
  return {
    browser: `Firefox ${capabilities.browserVersion}`,
    call: async (name, ...args) =>
      JSON.parse(
        await evaluate('(name, args) => globalThis.callTest(name, args)', name, JSON.stringify(args)),
      ) as never,
    open: async (url) => {
      await session.ask('browsingContext.navigate', { context, url, wait: 'complete' })
      await evaluate(
        'async () => { while (!globalThis.callTest) await new Promise((go) => setTimeout(go, 20)); return "" }',
      )
    },
    close: async () => {
      const ended = new Promise((resolve) => child.once('exit', resolve))
      await session.ask('browser.close', {}).catch(() => child.kill())
      await ended
      await rm(profile, { recursive: true, force: true, maxRetries: 5 })
    },
  }
}

class Session {
  readonly #waiting = new Map<number, { resolve: (result: never) => void; reject: (error: Error) => void }>()
  #ids = 0

  private constructor(private readonly socket: WebSocket) {
    socket.on('message', (data) => {
      const { id, result, error, message } = JSON.parse(String(data)) as {
        id?: number
        result?: never
        error?: string
        message?: string
      }
      const waiting = this.#waiting.get(id ?? -1)
      this.#waiting.delete(id ?? -1)
      if (error) waiting?.reject(new Error(`${error}: ${message}`))
      else waiting?.resolve(result!)
    })
    socket.on('close', () => {
      for (const { reject } of this.#waiting.values()) reject(new Error('Firefox has hung up'))
    })
  }

  static open(address: string): Promise<Session> {
    return new Promise((resolve, reject) => {
      const socket = new WebSocket(address)
      socket.on('open', () => resolve(new Session(socket)))
      socket.on('error', reject)
    })
  }

  ask<T>(method: string, params: object): Promise<T> {
    const id = ++this.#ids
    return new Promise((resolve, reject) => {
      this.#waiting.set(id, { resolve, reject })
      this.socket.send(JSON.stringify({ id, method, params }))
    })
  }
}
