import { expect } from 'vitest'
import { createRewardServer, type RewardServer, type RewardServerOptions } from '../../src/server.ts'
import type { ScorerDesk } from '../../src/server/desk/scorer-desk.ts'
import { createFakeScorers, type FakeCalls, type FakeOptions } from '../../src/testing.ts'

export interface Served {
  readonly server: RewardServer
  readonly calls: FakeCalls
  /** POSTs JSON, or a form. */
  post(path: string, body: unknown, init?: RequestInit): Promise<Answer>
  get(path: string, init?: RequestInit): Promise<Answer>
}

export interface Answer {
  readonly status: number
  readonly headers: Headers
  readonly text: string
  /** What the body says as JSON. */
  readonly json: Record<string, unknown>
}

/** A file that says what it is scored with: `ict` and `hp` in thousandths; so many bytes at least. */
export const file = (ict: number, hp: number, bytes = 0): Uint8Array<ArrayBuffer> =>
  new Uint8Array(new TextEncoder().encode(`${ict} ${hp}`.padEnd(bytes)))

export const base64 = (bytes: Uint8Array): string => Buffer.from(bytes).toString('base64')

const textOf = (image: unknown): string => new TextDecoder().decode(image as Uint8Array)
const numbersOf = (image: unknown): number[] => textOf(image).split(' ').map(Number)

/** A server on fakes: ICT is what the file says, HP too; `bad` files cannot be read. */
export function served(options: Partial<RewardServerOptions> = {}, fakes: FakeOptions = {}): Served {
  const { ict, hp, calls } = createFakeScorers({
    ict: (image, prompt) => (numbersOf(image)[0]! + prompt.length) / 1000,
    hp: (image) => numbersOf(image)[1]! / 1000,
    unreadable: (image) => textOf(image).startsWith('bad'),
    ...fakes,
  })
  const server = createRewardServer({ scorers: [ict, hp], ...options })
  const ask = async (path: string, init: RequestInit): Promise<Answer> => {
    const response = await server.fetch(new Request(`http://icthp.test${path}`, init))
    const text = await response.text()
    return {
      status: response.status,
      headers: response.headers,
      text,
      get json() {
        return JSON.parse(text) as Record<string, unknown>
      },
    }
  }
  return {
    server,
    calls,
    get: (path, init = {}) => ask(path, init),
    post: (path, body, init = {}) => {
      if (body instanceof FormData) return ask(path, { method: 'POST', body, ...init })
      const headers = { 'content-type': 'application/json', ...(init.headers as Record<string, string>) }
      return ask(path, { method: 'POST', body: JSON.stringify(body), ...init, headers })
    },
  }
}

/** How many images wait or are at work. */
export const waitingIn = ({ desk }: RewardServer): number => (desk as ScorerDesk).allowance.images

/** Resolves when so many wait or are at work. */
export const untilWaiting = (server: RewardServer, images: number): Promise<void> =>
  expect.poll(() => waitingIn(server), { interval: 2 }).toBe(images)
