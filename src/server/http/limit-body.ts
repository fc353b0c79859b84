import type { Context, MiddlewareHandler } from 'hono'
import { concatBytes } from '../../base/bytes/concat-bytes.ts'
import { RequestError } from '../../base/errors.ts'
import type { Hold } from '../desk/allowance.ts'
import type { ScorerDesk } from '../desk/scorer-desk.ts'
import { keepBody, notWhole } from './read-body.ts'

/**
 * Refuses a body before it is read where it is larger than allowed or the server has no room for it, and holds its bytes
 * against the queue's until the answer, or until the route has taken out of it what it needs ({@link bodyIsRead}).
 * Throws `RequestError`: `request_too_large`, `request_overloaded`, `request_closing`.
 */
export function limitBody(desk: ScorerDesk, maxBytes: number): MiddlewareHandler {
  return async (c, next) => {
    // Nothing else is read here, and a body of TRACE cannot be made into a request.
    if (c.req.method !== 'POST') return next()
    desk.check()
    const length = c.req.header('content-length')
    const chunked = c.req.header('transfer-encoding') !== undefined || length === undefined
    const bytes = chunked ? 0 : Number(length)
    if (bytes > maxBytes) throw tooLarge(maxBytes)
    const holds: Hold[] = [desk.allowance.take(0, bytes)]
    const end = (): void => holds.forEach((hold) => hold.end())
    c.set(READ, end)
    try {
      // Where a length is told, the server takes no more than that off the wire.
      if (chunked) await readCounted(c, maxBytes, (more) => holds.push(desk.allowance.take(0, more)))
      await next()
    } catch (thrown) {
      // Hono words errors only, and adapters abort with a text for a reason.
      throw thrown instanceof Error ? thrown : new Error(String(thrown))
    } finally {
      end()
    }
  }
}

const READ = 'bodyIsRead'

/** What came is in other hands now: its bytes are counted there. */
export function bodyIsRead(c: Context): void {
  ;(c.get(READ) as (() => void) | undefined)?.()
}

async function readCounted(c: Context, maxBytes: number, count: (bytes: number) => void): Promise<void> {
  const chunks: Uint8Array[] = []
  let total = 0
  const reader = c.req.raw.body?.getReader()
  const next = (): Promise<ReadableStreamReadResult<Uint8Array>> | undefined =>
    reader?.read().catch((cause: unknown) => {
      throw notWhole(c, cause)
    })
  for (let read = await next(); read !== undefined && !read.done; read = await next()) {
    total += read.value.byteLength
    if (total > maxBytes) throw tooLarge(maxBytes)
    count(read.value.byteLength)
    chunks.push(read.value)
  }
  keepBody(c, concatBytes(chunks))
}

const tooLarge = (maxBytes: number): RequestError =>
  new RequestError(
    'request_too_large',
    `The body is larger than the ${maxBytes} bytes that this server takes. Send fewer images in a request.`,
    { maxBytes },
  )
