import { type Context, Hono, type MiddlewareHandler } from 'hono'
import { bodyLimit } from 'hono/body-limit'
import { type InferResponse, MessageError } from '../../backend/open-inference/infer-message.ts'
import { decodeLongRestRequest, encodeRestResponse } from '../../backend/open-inference/rest-messages.ts'
import { LENGTH_HEADER } from '../../backend/open-inference/rest-tensors.ts'
import { IcthpError } from '../../base/errors.ts'
import { giveAway } from '../../base/memory/given-away.ts'
import { VERSION } from '../../base/version.ts'
import { isKept, readBody } from '../http/read-body.ts'
import { REQUEST_STATUS } from '../http/request-status.ts'
import { TowerDesk } from './answer-infer.ts'
import type { ServedTower } from './served-tower.ts'

export interface OpenInferenceOptions {
  /** Bytes a body may have. Default 64 MiB, as Triton's: 111 pictures as float32. */
  readonly maxBytes?: number | undefined
  /** Whether new work is taken. Default: always. */
  readonly isReady?: (() => boolean) | undefined
}

/**
 * Towers over the REST of the Open Inference Protocol v2, with its binary extension:
 * `/v2`, `/v2/health/…`, `/v2/models/…`, `/v2/repository/index`. Errors are `{"error": text}`.
 */
export function openInferenceRoutes(
  towers: readonly ServedTower[],
  { maxBytes = 64 << 20, isReady = () => true }: OpenInferenceOptions = {},
): Hono {
  const desk = new TowerDesk(towers)
  const app = new Hono()
  app.onError((error, context) => failed(context, error))
  app.get('/v2', (context) =>
    context.json({ name: 'icthp', version: VERSION, extensions: ['binary_tensor_data'] }),
  )
  app.get('/v2/health/live', (context) => context.json({ live: true }))
  app.get('/v2/health/ready', (context) => context.json({ ready: isReady() }, isReady() ? 200 : 503))
  app.get('/v2/models', (context) => context.json({ models: desk.index().map(({ name }) => name) }))
  app.post('/v2/repository/index', (context) => context.json(desk.index(isReady())))
  const tooLarge = (context: Context): Response =>
    context.json({ error: `The body has more than ${maxBytes} bytes. Split the batch.` }, 413)
  const limit = bodyLimit({ maxSize: maxBytes, onError: tooLarge })
  for (const path of ['/v2/models/:model', '/v2/models/:model/versions/:version']) {
    const named = (context: Context): [string, string | undefined] => [
      context.req.param('model')!,
      context.req.param('version'),
    ]
    app.get(path, (context) => context.json(desk.metadata(...named(context))))
    app.get(`${path}/ready`, (context) => {
      const { name } = desk.tower(...named(context))
      return context.json({ name, ready: isReady() }, isReady() ? 200 : 503)
    })
    const limited: MiddlewareHandler = async (context, next) => {
      const chunked = context.req.header('transfer-encoding') !== undefined
      const told = chunked ? undefined : context.req.header('content-length')
      if (Number(told) > maxBytes) return tooLarge(context)
      // What has been read has been counted, and counting the rest takes a web stream of it, which costs more than the tower.
      return told !== undefined || isKept(context) ? next() : limit(context, next)
    }
    app.post(`${path}/infer`, limited, (context) => infer(context, desk, ...named(context)))
  }
  return app
}

async function infer(
  context: Context,
  desk: TowerDesk,
  model: string,
  version: string | undefined,
): Promise<Response> {
  // Before the body is read.
  desk.tower(model, version)
  const encoding = context.req.header('content-encoding')
  if (encoding && encoding !== 'identity') {
    const error = `The body is ${encoding}; send it as it is.`
    return context.json({ error }, 415, { 'accept-encoding': 'identity' })
  }
  const body = await readBody(context)
  const length = context.req.header(LENGTH_HEADER)
  const request = await decodeLongRestRequest(model, body, length, turnOfOthers)
  // They are copies, and nobody's but the tower's.
  for (const { data } of Object.values(request.inputs)) giveAway(data)
  const response = await desk.infer({ ...request, version }, context.req.raw.signal)
  return answer(response, request.isBinary)
}

const turnOfOthers = (): Promise<void> => new Promise((resolve) => setTimeout(resolve))

function answer(response: InferResponse, isBinary: (output: string) => boolean): Response {
  const { body, headers } = encodeRestResponse(response, isBinary)
  return new Response(body as Uint8Array<ArrayBuffer>, { headers })
}

function failed(context: Context, error: unknown): Response {
  if (error instanceof MessageError)
    return context.json({ error: `The request cannot be read: ${error.message}.` }, 400)
  const code = error instanceof IcthpError ? error.code : undefined
  const after = error instanceof IcthpError ? error.details['retryAfter'] : undefined
  if (typeof after === 'number') context.header('retry-after', String(Math.max(1, Math.ceil(after))))
  const message = code === undefined ? 'The server failed.' : (error as Error).message
  return context.json({ error: message }, (code && REQUEST_STATUS[code]) ?? 500)
}
