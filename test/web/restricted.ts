import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { Page } from './browser/page.ts'
import { startServer, type StaticServer } from './browser/server.ts'
import { pageFrom, startRoom } from './room.ts'

/** Opens pages one after the other; each is closed before the next. */
export interface Opener {
  open(url: string): Promise<Pick<Page, 'call' | 'close'>>
  close(): Promise<void>
}

/** One suite for every browser: pages in a sandbox or under a policy, whose files are on another origin. */
export function restrictedSuite(start: () => Promise<Opener>): void {
  describe('a page that is restricted', () => {
    let opener: Opener
    let files: StaticServer
    let other: StaticServer
    let headers: Record<string, string> = {}
    const load = async (...[policy, options]: [string, object?]): Promise<unknown> => {
      headers = { 'content-security-policy': policy }
      const page = await opener.open(other.url)
      try {
        return await page.call('loadFailure', `${files.url}model/`, { device: 'wasm', ...options })
      } finally {
        await page.close()
      }
    }

    beforeAll(async () => {
      ;[opener, files] = await Promise.all([start(), startRoom()])
      // Its scripts, its worker and its model come from the first server.
      other = await startServer({}, pageFrom(files.url))
      other.intercept = (_request, response) => {
        for (const [name, value] of Object.entries(headers)) response.setHeader(name, value)
        return false
      }
      files.intercept = (_request, response) => {
        response.setHeader('access-control-allow-origin', '*')
        return false
      }
    })
    afterAll(() => Promise.all([opener?.close(), other?.close(), files?.close()]))

    test('may have its files on another origin, be in a sandbox, or have Trusted Types', async () => {
      expect(await load('')).toBe('loaded')
      expect(await load('sandbox allow-scripts')).toBe('loaded')
      expect(await load("require-trusted-types-for 'script'; trusted-types icthp")).toBe('loaded')
    })

    test('is told what it needs where it does not let the worker start', async () => {
      const refused = { name: 'DeviceError', code: 'runtime_missing' }
      expect(await load("require-trusted-types-for 'script'; trusted-types others")).toMatchObject({
        ...refused,
        message: expect.stringContaining('`trusted-types icthp`') as string,
      })
      expect(await load("worker-src 'self'")).toMatchObject({
        ...refused,
        message: expect.stringContaining('worker-src') as string,
      })
    })

    test('is told that its policy forbids WebAssembly', async () => {
      const forbidden = {
        name: 'DeviceError',
        message: expect.stringContaining("add 'wasm-unsafe-eval' to its script-src") as string,
      }
      const policy = `script-src 'unsafe-inline' ${files.url} blob:`
      expect(await load(policy, { worker: false })).toMatchObject(forbidden)
      expect(await load(policy)).toMatchObject(forbidden)
    })
  })
}
