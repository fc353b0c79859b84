/**
 * Rewards for trainers as they are: each speaks to its own reward server, and this is one that all of them know. What
 * they send and how they take an answer was read from their sources; docs/trainers.md has the line to put into each.
 */
import { type Context, Hono } from 'hono'
import { RequestError } from '../../base/errors.ts'
import { JsonBody } from '../http/json-body.ts'
import { readBody } from '../http/read-body.ts'
import type { RewardDesk } from '../reward-desk.ts'
import { namesOf, rewardOf } from './asked.ts'
import { computeFlowFactory } from './flow-factory.ts'
import { looksPickled } from './pickle/read-pickle.ts'
import { writePickle } from './pickle/write-pickle.ts'
import { scorePickled } from './pickled-request.ts'
import { type Refusal, refusalOf } from './refusal.ts'
import { scoreUniRl } from './unirl.ts'

export interface TrainerOptions {
  /** Whether bodies may be pickles, as flow_grpo, verl-omni and deepgen_rl send them. They are read as data only. */
  readonly pickle: boolean
  /** Told of what failed and is no request's fault; the trainer gets a 503. Default: nobody is. */
  readonly onError?: ((error: unknown) => void) | undefined
  /** Told when a request's body has been taken apart: what comes of it is the desk's to count. Default: nobody is. */
  readonly onRead?: ((c: Context) => void) | undefined
}

/** One request, read whole, and whom it asks. */
interface Call {
  readonly desk: RewardDesk
  readonly body: Uint8Array
  readonly signal: AbortSignal
}

/**
 * The routes of UniRL (`POST /score`, `GET /health`, `GET /rewards`), Flow-Factory (`POST /compute`, `GET /health`)
 * and, with `pickle`, of flow_grpo, verl-omni and deepgen_rl (`POST /`; `POST /score`, too). All are there under the
 * name of each reward as well (`/ict/compute`, `/hp`), which says what is asked where a format does not; without one it
 * is `icthp`, or the only reward there is.
 */
export function trainerRoutes(desk: RewardDesk, options: TrainerOptions): Hono {
  const app = new Hono()
  for (const base of ['', ...namesOf(desk)]) {
    const path = base && `/${base}`
    const pickled = (call: Call): Promise<Response> => answerPickled(base, call, options)
    const handle =
      (answer: (call: Call, c: Context) => Promise<Response>) =>
      (c: Context): Promise<Response> =>
        answered(c, desk, options, answer)

    app.get(`${path}/health`, (c) => c.json(healthOf(desk)))
    app.get(`${path}/rewards`, (c) => c.json({ rewards: namesOf(desk) }))
    const score = handle(async (call, c) => {
      if (isPickled(call, c, options)) return pickled(call)
      return c.json(await scoreUniRl(call.desk, new JsonBody(call.body), call.signal))
    })
    const compute = handle(async ({ desk, body, signal }, c) =>
      c.json(await computeFlowFactory(desk, rewardOf(desk, base), new JsonBody(body), signal)),
    )
    const bare = handle(async (call, c) => {
      if (!isPickled(call, c, options)) throw notPickled(path)
      return pickled(call)
    })
    // deepgen_rl puts a slash behind every address.
    for (const slash of ['', '/']) {
      app.post(`${path}/score${slash}`, score)
      app.post(`${path}/compute${slash}`, compute)
      if (path || slash) app.post(`${path}${slash}`, bare)
    }
  }
  return app
}

/** One body for all: UniRL wants each reward's name with a list of what is ready, Flow-Factory any 2xx. */
const healthOf = (desk: RewardDesk): { status: string; rewards: Record<string, string[]> } => ({
  status: 'ok',
  rewards: Object.fromEntries(namesOf(desk).map((name) => [name, ['ok']])),
})

/** What does not say that it is JSON is a pickle: requests sends no content type with bytes. */
function isPickled({ body }: Call, c: Context, { pickle }: TrainerOptions): boolean {
  if (looksPickled(body)) return true
  if (!pickle || /json/i.test(c.req.header('content-type') ?? '')) return false
  return body.find((byte) => byte > 0x20) !== 0x7b
}

function notPickled(path: string): RequestError {
  return new RequestError(
    'request_invalid',
    `POST ${path || '/'} takes pickled requests where the server was started with --pickle, and this is none. JSON goes to ${path}/score (UniRL) or ${path}/compute (Flow-Factory).`,
  )
}

/** Answers in JSON what goes wrong. */
async function answered(
  c: Context,
  desk: RewardDesk,
  options: TrainerOptions,
  answer: (call: Call, c: Context) => Promise<Response>,
): Promise<Response> {
  const { signal } = c.req.raw
  try {
    const body = await readBody(c)
    const asked: RewardDesk = {
      rewards: desk.rewards,
      score: (...question) => {
        options.onRead?.(c)
        return desk.score(...question)
      },
    }
    return await answer({ desk: asked, body, signal }, c)
  } catch (error) {
    const { status, headers, code, message } = refused(error, signal, options)
    return Response.json({ error: message, code }, { status, headers })
  }
}

/** Answers in a pickle what goes wrong, too: flow_grpo unpickles whatever comes. */
async function answerPickled(
  base: string,
  { desk, body, signal }: Call,
  options: TrainerOptions,
): Promise<Response> {
  if (!options.pickle) return pickleIsOff()
  const type = { 'Content-Type': 'application/octet-stream' }
  try {
    const answer = await scorePickled(desk, rewardOf(desk, base), body, signal)
    return new Response(writePickle(answer), { headers: type })
  } catch (error) {
    const { status, headers, code, message } = refused(error, signal, options)
    return new Response(writePickle({ error: message, code }), { status, headers: { ...headers, ...type } })
  }
}

function pickleIsOff(): Response {
  const error =
    'The body is a pickle, and this server was not told to read pickles. Start it with --pickle (data only is read, nothing is run), or send JSON.'
  return Response.json({ error, code: 'request_invalid' }, { status: 415 })
}

function refused(error: unknown, signal: AbortSignal, { onError }: TrainerOptions): Refusal {
  // Nobody reads it; the status is that of logs.
  if (signal.aborted)
    return { status: 499, headers: {}, code: 'request_timeout', message: 'The client went away.' }
  const refusal = refusalOf(error)
  if (refusal.status === 503 && !(error instanceof RequestError)) onError?.(error)
  return refusal
}
