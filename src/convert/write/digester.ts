import type { Worker } from 'node:worker_threads'
import { PendingCalls, type Reply } from '../../base/pending-calls.ts'
import type { FileDigest } from '../../hub/hub.ts'
import { startThread } from '../../worker/worker-url-node.ts'

/** The first `size` bytes of a file are there; `last`: there will be no more. */
export interface DigestRequest {
  readonly id: number
  readonly path: string
  readonly size: number
  readonly last: boolean
}
export type DigestReply = Reply<FileDigest>

/** A file that is hashed while it is written. */
export interface GrowingDigest {
  /** The system has the first `size` bytes, and they change no more. */
  grown(size: number): void
  /** Size and sha256, once the file has `size` bytes in all. Throws what the disk throws, or an Error where `dispose` came first. */
  whole(size: number): Promise<FileDigest>
}

interface DigestThread {
  readonly worker: Worker
  readonly calls: PendingCalls<FileDigest>
}

/** Hashes files in a thread of its own: the thread that turns and writes weights has enough to do. */
export class Digester {
  #thread: DigestThread | undefined

  follow(path: string): GrowingDigest {
    const { worker, calls } = (this.#thread ??= this.#start())
    let send!: (size: number, last: boolean) => void
    const answer = calls.ask((id) => {
      send = (size, last) => worker.postMessage({ id, path, size, last } satisfies DigestRequest)
    })
    // It is heard of in `whole`.
    answer.catch(() => {})
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
    const thread = this.#thread
    if (!thread) return
    this.#lose(thread, new Error('The hashing was ended before it was done.'))
    await thread.worker.terminate()
  }

  #start(): DigestThread {
    const worker = startThread('digest')
    const thread: DigestThread = { worker, calls: new PendingCalls() }
    worker.on('message', (reply: DigestReply) => thread.calls.settle(reply))
    worker.on('error', (error) => this.#lose(thread, error as Error))
    worker.on('exit', (code) =>
      this.#lose(thread, new Error(`The thread that hashes files ended with code ${code}.`)),
    )
    return thread
  }

  /** Nothing comes from this thread any more; the next file gets another. */
  #lose(thread: DigestThread, error: Error): void {
    if (this.#thread === thread) this.#thread = undefined
    thread.calls.fail(error)
  }
}
