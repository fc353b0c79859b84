import type { Context } from 'hono'
import { IcthpError, RequestError } from '../../base/errors.ts'

/** What a server may hand along with a request, beside what its own platform says. */
export interface BodyEnv {
  /** Reads a body of so many bytes off the wire, where that is cheaper than the request's own: nobody else may read it. */
  readonly readBody?: ((length: number) => Promise<Uint8Array>) | undefined
}

const BODY = 'bodyRead'

/** Bytes that were read before a route asks for them. */
export const keepBody = (c: Context, body: Uint8Array): void => c.set(BODY, body)

/** Whether {@link keepBody} has them: the request's own are used up then. */
export const isKept = (c: Context): boolean => c.get(BODY) !== undefined

/** A body's bytes. Throws `RequestError` `request_invalid` where it does not come whole, or why the request was aborted. */
export async function readBody(c: Context): Promise<Uint8Array> {
  try {
    const kept = c.get(BODY) as Uint8Array | undefined
    if (kept) return kept
    const { readBody: read } = (c.env ?? {}) as BodyEnv
    const length = Number(c.req.header('content-length'))
    if (read && Number.isSafeInteger(length)) return await read(length)
    return new Uint8Array(await c.req.arrayBuffer())
  } catch (cause) {
    throw notWhole(c, cause)
  }
}

/** What to tell where reading a body failed: why the request was aborted, else that the body broke off. */
export function notWhole(c: Context, cause: unknown): unknown {
  const { signal } = c.req.raw
  if (signal.aborted) return signal.reason
  if (cause instanceof IcthpError) return cause
  return new RequestError('request_invalid', 'The body did not arrive whole.', { cause })
}
