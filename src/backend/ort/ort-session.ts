import type * as Ort from 'onnxruntime-common'
import { abortable } from '../../base/abortable.ts'
import { BackendError, InputError } from '../../base/errors.ts'
import type { InferenceSession, Tensors } from '../backend.ts'
import { type OrtApi, runOrtSession } from '../ort-adapter.ts'
import { inTurn } from './ort-module.ts'

/** A graph on the user's module; its runs wait for one another. */
export class OrtSession implements InferenceSession {
  #disposing: Promise<void> | undefined

  constructor(
    private readonly ort: OrtApi,
    private readonly session: Ort.InferenceSession,
    private readonly name: string,
    private readonly backend: string,
  ) {}

  async run(
    inputs: Tensors,
    { signal }: { readonly signal?: AbortSignal | undefined } = {},
  ): Promise<Tensors> {
    if (this.#disposing) throw new InputError('input_disposed', `${this.name} was disposed. Load it again.`)
    signal?.throwIfAborted()
    const running = inTurn(this.ort, async () => {
      // A run that nobody waits for any more does not hold the thread.
      signal?.throwIfAborted()
      return runOrtSession(this.ort, this.session, inputs)
    })
    try {
      return await abortable(running, signal)
    } catch (cause) {
      if (signal?.aborted || cause instanceof BackendError) throw cause
      throw new BackendError(
        'backend_failed',
        `${this.backend} failed on ${this.name}: ${cause instanceof Error ? cause.message : String(cause)}`,
        { model: this.name, cause },
      )
    }
  }

  dispose(): Promise<void> {
    return (this.#disposing ??= inTurn(this.ort, () => this.session.release()))
  }
}
