import type { Worker } from 'node:worker_threads'
import { ImageError } from '../../base/errors.ts'
import { unpackError } from '../../base/packed-error.ts'
import { onAbort } from '../../base/waiting/on-abort.ts'
import { timerLimit } from '../../base/waiting/timer-limit.ts'
import { startThread } from '../../worker/worker-url-node.ts'
import type { ImageCrop } from '../preprocess.ts'
import type { RgbImage } from '../raw-image.ts'
import type { ImageJob } from './image-job-node.ts'
import type { WorkerOptions, WorkerReply, WorkerRequest } from './worker-messages-node.ts'

/** A job, made only when a worker is free, so that what waits in the queue costs no second copy of its bytes. */
export type PrepareJob = () => { readonly job: ImageJob; readonly transfer: readonly ArrayBuffer[] }

export interface WorkerPoolOptions extends WorkerOptions {
  /** Workers at most; they are started as jobs come, one job at a time each. */
  readonly threads: number
  /** An idle worker is ended after this many milliseconds. */
  readonly idleMs: number
  /** Told the name of the codecs that a worker found. */
  readonly onCodecs: (name: string) => void
}

interface Task {
  readonly prepare: PrepareJob
  readonly resolve: (result: ImageCrop | RgbImage) => void
  readonly reject: (reason: unknown) => void
}

interface Member {
  readonly worker: Worker
  task: Task | undefined
  idle: NodeJS.Timeout | undefined
}

/** Milliseconds that a worker has to end what nobody waits for any more. */
const GRACE = 500

/** Worker threads that decode and resize. They keep the process alive only while they have something to do. */
export class WorkerPool {
  readonly #options: WorkerPoolOptions
  readonly #members = new Set<Member>()
  readonly #queue: Task[] = []
  #nextId = 0

  constructor(options: WorkerPoolOptions) {
    this.#options = options
  }

  /** Workers alive. */
  get size(): number {
    return this.#members.size
  }

  /** Rejects with `ImageError`, or with `signal.reason` as soon as the signal aborts. */
  run(prepare: PrepareJob, signal?: AbortSignal): Promise<ImageCrop | RgbImage> {
    return new Promise((resolve, reject) => {
      if (signal?.aborted) return reject(signal.reason as Error)
      let forget = (): void => {}
      const task: Task = {
        prepare,
        resolve: (result) => (forget(), resolve(result)),
        reject: (reason) => (forget(), reject(reason as Error)),
      }
      forget = onAbort(signal, () => {
        const at = this.#queue.indexOf(task)
        if (at >= 0) this.#queue.splice(at, 1)
        task.reject(signal!.reason)
        // A worker that is nearly done is worth keeping; one at a picture without end is not.
        setTimeout(() => this.#interrupt(task), GRACE).unref()
      })
      this.#queue.push(task)
      this.#dispatch()
    })
  }

  /** Ends all workers; what waits or runs is rejected with `reason`. */
  async dispose(reason: Error): Promise<void> {
    const members = [...this.#members]
    this.#members.clear()
    for (const task of this.#queue.splice(0)) task.reject(reason)
    for (const { task } of members) task?.reject(reason)
    await Promise.all(
      members.map(({ worker, idle }) => {
        clearTimeout(idle)
        return worker.terminate()
      }),
    )
  }

  /** Ends the worker that is at a task which nobody waits for any more: a picture may take it very long. */
  #interrupt(task: Task): void {
    const member = [...this.#members].find((candidate) => candidate.task === task)
    if (!member) return
    this.#members.delete(member)
    clearTimeout(member.idle)
    void member.worker.terminate()
    this.#dispatch()
  }

  #dispatch(): void {
    while (this.#queue.length > 0) {
      let member = [...this.#members].find(({ task }) => !task)
      if (!member && this.#members.size >= this.#options.threads) return
      const task = this.#queue.shift()!
      try {
        member ??= this.#start()
        const { job, transfer } = task.prepare()
        member.task = task
        clearTimeout(member.idle)
        member.worker.ref()
        const request: WorkerRequest = { id: this.#nextId++, job }
        member.worker.postMessage(request, transfer)
      } catch (error) {
        if (member) this.#release(member)
        task.reject(error)
      }
    }
  }

  #start(): Member {
    const { sharp, onCodecs } = this.#options
    const workerData: WorkerOptions = { sharp }
    // No execArgv: flags of the main program such as --input-type would stop the worker.
    const worker = startThread('image', { workerData, execArgv: [] })
    const member: Member = { worker, task: undefined, idle: undefined }
    this.#members.add(member)
    worker.on('message', (reply: WorkerReply) => {
      const { task } = member
      this.#release(member)
      if ('error' in reply) {
        task?.reject(unpackError(reply.error))
      } else {
        onCodecs(reply.ok.codecs)
        task?.resolve(reply.ok.result)
      }
      this.#dispatch()
    })
    worker.on('error', (cause) => this.#lose(member, cause))
    worker.on('exit', (code) => this.#lose(member, new Error(`exit code ${code}`)))
    worker.unref()
    return member
  }

  #release(member: Member): void {
    member.task = undefined
    // A worker that is being ended still hands out its last answer, and somebody waits for its end.
    if (!this.#members.has(member)) return
    member.worker.unref()
    clearTimeout(member.idle)
    member.idle = setTimeout(() => {
      this.#members.delete(member)
      void member.worker.terminate()
    }, timerLimit(this.#options.idleMs)).unref()
  }

  #lose(member: Member, cause: Error): void {
    if (!this.#members.delete(member)) return
    clearTimeout(member.idle)
    member.task?.reject(
      new ImageError(
        'image_unreadable',
        `The thread that decoded it ended: ${cause.message}. The image may be too large for the memory.`,
        {
          cause,
        },
      ),
    )
    this.#dispatch()
  }
}
