import { Worker } from 'node:worker_threads'
import { unpackError, type PackedError } from '../../backend/ort-messages.ts'
import type { FileDigest } from '../../hub/hub.ts'
import { workerUrl } from '../../worker-url-node.ts'

export interface DigestRequest {
  readonly id: number
  readonly path: string
}
export type DigestReply = { readonly id: number } & ({ readonly digest: FileDigest } | { readonly error: PackedError })

/** Hashes files one after the other in a thread of its own: the thread that turns and writes weights has enough to do. */
export class Digester {
  #worker: Worker | undefined
  #waiting = new Map<number, { resolve(digest: FileDigest): void; reject(error: Error): void }>()
  #ids = 0

  /** Size and sha256 of a whole file. Throws what the disk throws, or an Error where `dispose` came first. */
  digest(path: string): Promise<FileDigest> {
    const worker = (this.#worker ??= this.#start())
    const id = ++this.#ids
    const answer = new Promise<FileDigest>((resolve, reject) => this.#waiting.set(id, { resolve, reject }))
    worker.postMessage({ id, path } satisfies DigestRequest)
    return answer
  }

  /** Ends the thread; what is still under way is given up. */
  async dispose(): Promise<void> {
    this.#fail(new Error('The hashing was ended before it was done.'))
    const worker = this.#worker
    this.#worker = undefined
    await worker?.terminate()
  }

  #start(): Worker {
    const worker = new Worker(workerUrl('digest'))
    worker.on('message', (reply: DigestReply) => {
      const waiting = this.#waiting.get(reply.id)
      this.#waiting.delete(reply.id)
      if ('error' in reply) waiting?.reject(unpackError(reply.error))
      else waiting?.resolve(reply.digest)
    })
    worker.on('error', (error) => this.#fail(error as Error))
    return worker
  }

  #fail(error: Error): void {
    for (const { reject } of this.#waiting.values()) reject(error)
    this.#waiting.clear()
  }
}
