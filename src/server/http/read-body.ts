import type { Context } from 'hono'
import { IcthpError, RequestError } from '../../base/errors.ts'

/** A body's bytes. Throws `RequestError` `request_invalid` where it does not come whole, or why the request was aborted. */
export async function readBody(c: Context): Promise<Uint8Array> {
  try {
    return new Uint8Array(await c.req.arrayBuffer())
  } catch (cause) {
    c.req.raw.signal.throwIfAborted()
    if (cause instanceof IcthpError) throw cause
    throw new RequestError('request_invalid', 'The body did not arrive whole.', { cause })
  }
}
