import { BackendError, InputError } from '../../base/errors.ts'
import { abortable } from '../../base/waiting/abortable.ts'
import type { InferenceSession, Tensors } from '../backend.ts'
import type { ServerPool } from './server-pool.ts'
import { serverOf } from './server-pool.ts'
import { ServerFault } from './transport.ts'

/** A tower at the servers of a pool. */
export class RemoteSession implements InferenceSession {
  #disposed = false

  constructor(
    private readonly pool: ServerPool,
    /** What the servers call it. */
    private readonly model: string,
  ) {}

  async run(
    inputs: Tensors,
    { signal }: { readonly signal?: AbortSignal | undefined } = {},
  ): Promise<Tensors> {
    if (this.#disposed) throw new InputError('input_disposed', `${this.model} was disposed. Load it again.`)
    signal?.throwIfAborted()
    try {
      return await abortable(this.pool.infer({ model: this.model, inputs }, signal), signal)
    } catch (cause) {
      if (signal?.aborted) throw signal.reason
      throw asBackendError(cause, this.model)
    }
  }

  async dispose(): Promise<void> {
    this.#disposed = true
  }
}

/** What a server made of a request, as users see it: which tower, where, and what the server said. */
export function asBackendError(cause: unknown, model: string): unknown {
  if (!(cause instanceof ServerFault)) return cause
  const { status, unreachable, message } = cause
  const url = serverOf(cause)
  const details = { model, url, status, temporary: cause.temporary, cause }
  if (unreachable) {
    return new BackendError(
      'backend_unreachable',
      `${url} does not answer for ${model}: ${message}. Check that the server runs, and its address.`,
      details,
    )
  }
  return new BackendError('backend_failed', `${model} failed at ${url}: ${message}`, details)
}
