import { type PackedError, unpackError } from './packed-error.ts'

/** What comes back from a worker, a thread or a process for the request of that number. */
export type Reply<Answer> =
  { readonly id: number; readonly ok: Answer } | { readonly id: number; readonly error: PackedError }

/** Calls of a worker, a thread or a process that wait for their replies. */
export class PendingCalls<Answer = unknown> {
  readonly #waiting = new Map<
    number,
    { readonly resolve: (answer: Answer) => void; readonly reject: (error: Error) => void }
  >()
  #ids = 0

  /** Calls that wait. */
  get size(): number {
    return this.#waiting.size
  }

  /** Sends a request under a number of its own. Rejects with what `send` throws, what the other side threw, or what `fail` says. */
  ask(send: (id: number) => void): Promise<Answer> {
    const id = ++this.#ids
    return new Promise((resolve, reject) => {
      this.#waiting.set(id, { resolve, reject })
      try {
        send(id)
      } catch (error) {
        this.#waiting.delete(id)
        reject(error as Error)
      }
    })
  }

  /** Replies to what nobody waits for any more are passed over. */
  settle(reply: Reply<Answer>): void {
    const waiting = this.#waiting.get(reply.id)
    this.#waiting.delete(reply.id)
    if ('error' in reply) waiting?.reject(unpackError(reply.error))
    else waiting?.resolve(reply.ok)
  }

  /** The other side answers no more: all that waits is rejected. */
  fail(error: Error): void {
    const waiting = [...this.#waiting.values()]
    this.#waiting.clear()
    for (const { reject } of waiting) reject(error)
  }
}
