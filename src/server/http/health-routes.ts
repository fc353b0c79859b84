import { Hono } from 'hono'
import { RequestError } from '../../base/errors.ts'
import type { ScorerDesk } from '../desk/scorer-desk.ts'
import { errorAnswer } from './error-answer.ts'

/**
 * `/health` says that the server lives, in the words that satisfy every known client, and `/health/ready` whether it takes
 * work. Each reward's base path has the same.
 */
export function healthRoutes(desk: ScorerDesk): Hono {
  const rewards = Object.fromEntries(desk.rewards.map(({ name }) => [name, [name]]))
  const app = new Hono()
  const bases = ['', ...desk.rewards.map(({ name }) => `/${name}`)]
  for (const base of bases) {
    app.get(`${base}/health`, (c) => c.json({ status: 'ok', rewards }))
    app.get(`${base}/health/ready`, (c) => {
      if (!desk.closing) return c.json({ status: 'ready', rewards })
      return errorAnswer(
        new RequestError('request_closing', 'The server is being shut down.', { retryAfter: 5 }),
        c,
      )
    })
  }
  return app
}
