import type { Worker } from 'node:worker_threads'
import { type PackedError, unpackError } from '../../backend/ort-messages.ts'
import type { FileDigest } from '../../hub/hub.ts'
import { startThread } from '../../worker/worker-url-node.ts'

/** The first `size` bytes of a file are there; `last`: there will be no more. */
export interface DigestRequest {
  readonly id: number
  readonly path: string
  readonly size: number
  readonly last: boolean
}
export type DigestReply = { readonly id: number } & (
  { readonly digest: FileDigest } | { readonly error: PackedError }
)

/** A file that is hashed while it is written. */
export interface GrowingDigest {
  /** The system has the first `size` bytes, and they change no more. */
  grown(size: number): void
  /** Size and sha256, once the file has `size` bytes in all. Throws what the disk throws, or an Error where `dispose` came first. */
  whole(size: number): Promise<FileDigest>
}

interface Waiting {
  readonly worker: Worker
  resolve(digest: FileDigest): void
  reject(error: Error): void
}

/** Hashes files in a thread of its own: the thread that turns and writes weights has enough to do. */
export class Digester {
  #worker: Worker | undefined
  #waiting = new Map<number, Waiting>()
  #ids = 0

  follow(path: string): GrowingDigest {
    const worker = (this.#worker ??= this.#start())
    const id = ++this.#ids
    const answer = new Promise<FileDigest>((resolve, reject) =>
      this.#waiting.set(id, { worker, resolve, reject }),
    )
    // It is heard of in `whole`.
    answer.catch(() => {})
    const send = (size: number, last: boolean): void =>
      worker.postMessage({ id, path, size, last } satisfies DigestRequest)
    return {
      grown: (size) => send(size, false),
      whole(size) {
        send(size, true)
        return answer
      },
    }
  }

  /** Ends the thread; what is still under way is given up. */
  async dispose(): Promise<void> {
    const worker = this.#worker
    if (worker) this.#lose(worker, new Error('The hashing was ended before it was done.'))
    await worker?.terminate()
  }

  #start(): Worker {
    const worker = startThread('digest')
    worker.on('message', (reply: DigestReply) => {
      const waiting = this.#waiting.get(reply.id)
      this.#waiting.delete(reply.id)
      if ('error' in reply) waiting?.reject(unpackError(reply.error))
      else waiting?.resolve(reply.digest)
    })
    worker.on('error', (error) => this.#lose(worker, error as Error))
    worker.on('exit', (code) =>
      this.#lose(worker, new Error(`The thread that hashes files ended with code ${code}.`)),
    )
    return worker
  }

  /** Nothing comes from this thread any more; the next file gets another. */
  #lose(worker: Worker, error: Error): void {
    if (this.#worker === worker) this.#worker = undefined
    for (const [id, waiting] of this.#waiting) {
      if (waiting.worker !== worker) continue
      this.#waiting.delete(id)
      waiting.reject(error)
    }
  }
}
