import { BackendError, IcthpError, InputError } from '../base/errors.ts'
import { abortable } from '../base/waiting/abortable.ts'
import type { Device, InferenceSession, Tensors } from './backend.ts'

/** What a runtime does for one loaded graph. */
export interface HeldGraph {
  /** Of the backend and of the graph, for messages. */
  readonly backend: string
  readonly model: string
  /** May throw anything, and need not heed the signal: nobody waits any more once it has aborted. */
  run(inputs: Tensors, signal: AbortSignal | undefined): Promise<Tensors>
  /** Called once. */
  release(): Promise<unknown>
}

/**
 * A session as the seam promises it: runs end with their signal and fail with errors of icthp, `dispose` may be called
 * twice, and nothing runs after it.
 */
export function guardSession(graph: HeldGraph): InferenceSession {
  const { backend, model } = graph
  let released: Promise<void> | undefined
  return {
    async run(inputs, { signal } = {}) {
      if (released) throw new InputError('input_disposed', `${model} was disposed. Load it again.`)
      signal?.throwIfAborted()
      try {
        return await abortable(graph.run(inputs, signal), signal)
      } catch (cause) {
        if (signal?.aborted) throw signal.reason
        throw backendFailure(cause, `${backend} failed on ${model}`, { model })
      }
    },
    dispose: () => (released ??= graph.release().then(() => {})),
  }
}

/** That a graph could not be loaded, as the error that the seam promises. */
export const loadFailure = (cause: unknown, backend: string, model: string, device: Device): Error =>
  backendFailure(cause, `${backend} could not load ${model} on ${device}`, { model, device })

/** What a runtime threw, with what it was at in front; errors of icthp say it themselves. */
function backendFailure(cause: unknown, what: string, details: Record<string, unknown>): Error {
  if (cause instanceof IcthpError) return cause
  const why = cause instanceof Error ? cause.message : String(cause)
  return new BackendError('backend_failed', `${what}: ${why}`, { ...details, cause })
}
