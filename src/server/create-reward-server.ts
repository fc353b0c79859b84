import { Hono } from 'hono'
import { RequestError } from '../base/errors.ts'
import type { Scorer } from '../scorers/scorer.ts'
import { checkServerOptions } from './check-server-options.ts'
import type { CombinationOptions } from './desk/known-rewards.ts'
import { ScorerDesk } from './desk/scorer-desk.ts'
import { errorAnswer } from './http/error-answer.ts'
import { healthRoutes } from './http/health-routes.ts'
import { bodyIsRead, limitBody } from './http/limit-body.ts'
import { observeRequests, type ServedRequest } from './http/observe-requests.ts'
import { requireToken } from './http/require-token.ts'
import type { FetchPicture } from './http/take-pictures.ts'
import { nativeRoutes } from './native/native-routes.ts'
import { openInferenceRoutes } from './open-inference/open-inference-routes.ts'
import type { ServedTower } from './open-inference/served-tower.ts'
import type { RewardDesk } from './reward-desk.ts'
import type { ServerMetrics } from './server-metrics.ts'
import { trainerRoutes } from './trainers/trainer-routes.ts'

export interface RewardServerOptions extends CombinationOptions {
  /** One a reward model. They stay the caller's: dispose them once {@link RewardServer.close} has resolved. */
  readonly scorers: readonly Scorer[]
  /** Who has one of these may ask, as a bearer token or as the password of an address; default: anybody may. */
  readonly tokens?: readonly string[] | undefined
  /** Also take pickles, as some trainers send them. Default false. */
  readonly pickle?: boolean | undefined
  /** Where it is mounted, for example `/api/reward`; requests keep their whole path. Default: at the root. */
  readonly basePath?: string | undefined
  /** What may wait before requests are refused. Default 1024 images and 512 MiB. */
  readonly maxQueue?:
    { readonly images?: number | undefined; readonly bytes?: number | undefined } | undefined
  /** Of a request's body. Default 128 MiB. */
  readonly maxBodyBytes?: number | undefined
  /** Of an image, before it is decoded. Default: what the scorers were loaded with. */
  readonly maxPixels?: number | undefined
  /** Pairs of images and prompts in one request. Default 10,000. */
  readonly maxItems?: number | undefined
  /** Characters of a prompt; the models read 77 tokens. Default 10,000. */
  readonly maxPromptLength?: number | undefined
  /** A request's, from its last byte to its answer. Default 300. */
  readonly timeoutSeconds?: number | undefined
  /** Batches that run at a time. Default 1; more is for backends that run elsewhere. */
  readonly atOnce?: number | undefined
  /** Brings the pictures whose addresses are sent. Default: addresses are refused. */
  readonly fetchPicture?: FetchPicture | undefined
  /** Default: none, and `/metrics` is not there. */
  readonly metrics?: ServerMetrics | undefined
  /** Told of every request once it is answered. */
  readonly onRequest?: ((served: ServedRequest) => void) | undefined
  /** Told of errors that are no fault of the request; what the client hears is less. */
  readonly onError?: ((error: unknown) => void) | undefined
}

export interface RewardServer {
  /** A web-standard handler: `(request) => Response`. `env` is handed to `onRequest`. */
  readonly fetch: (request: Request, env?: unknown) => Response | Promise<Response>
  /** What every route asks; yours may, too. */
  readonly desk: RewardDesk
  /** The scorers' towers, as `/v2` serves them. */
  readonly towers: readonly ServedTower[]
  /** Takes no new work; resolves when what is under way is answered. */
  close(): Promise<void>
}

const DEFAULTS = {
  images: 1024,
  bytes: 512 << 20,
  maxBodyBytes: 128 << 20,
  maxItems: 10_000,
  maxPromptLength: 10_000,
  timeoutSeconds: 300,
}

/** Scores over HTTP, wherever web-standard handlers run. Throws `InputError` for options that do not fit. */
export function createRewardServer(options: RewardServerOptions): RewardServer {
  checkServerOptions(options)
  const { maxQueue = {}, metrics, tokens, onRequest, onError, fetchPicture } = options
  const desk = new ScorerDesk({
    scorers: options.scorers,
    combine: options.combine,
    weights: options.weights,
    maxQueue: { images: maxQueue.images ?? DEFAULTS.images, bytes: maxQueue.bytes ?? DEFAULTS.bytes },
    maxItems: options.maxItems ?? DEFAULTS.maxItems,
    maxPromptLength: options.maxPromptLength ?? DEFAULTS.maxPromptLength,
    maxPixels: options.maxPixels,
    timeoutMs: 1000 * (options.timeoutSeconds ?? DEFAULTS.timeoutSeconds),
    atOnce: options.atOnce,
    observer: metrics,
  })
  const towers = desk.towers()
  metrics?.watchQueue(() => desk.allowance)
  const app = new Hono()
  app.use(
    observeRequests((served) => {
      metrics?.request(served)
      onRequest?.(served)
    }),
  )
  if (tokens) app.use(requireToken(tokens))
  const { maxBodyBytes = DEFAULTS.maxBodyBytes, basePath } = options
  app.use(limitBody(desk, maxBodyBytes))
  // Each set of routes answers for its own paths; what two have alike, the first answers.
  const routes: readonly Hono[] = [
    healthRoutes(desk),
    nativeRoutes({ desk, fetchPicture, metrics, basePath }),
    trainerRoutes(desk, { pickle: options.pickle ?? false, onError, onRead: bodyIsRead }),
    openInferenceRoutes(towers, { maxBytes: maxBodyBytes, isReady: () => !desk.closing }),
  ]
  for (const set of routes) app.route('/', set)
  app.notFound((c) => errorAnswer(notFound(c.req.method, c.req.path), c))
  app.onError((error, c) => {
    const answer = errorAnswer(error, c)
    if (answer.status >= 500 && answer.status !== 503) onError?.(error)
    return answer
  })
  const outer = basePath === undefined ? app : new Hono().mount(basePath, app.fetch)
  return {
    fetch: (request, env) => outer.fetch(request, env as object),
    desk,
    towers,
    close: () => desk.close(),
  }
}

const notFound = (method: string, path: string): RequestError =>
  new RequestError(
    'request_not_found',
    `There is no ${method} ${path.slice(0, 100)} here. GET /openapi.json says what there is.`,
  )
