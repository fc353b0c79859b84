import { parentPort, workerData } from 'node:worker_threads'
import { IcthpError, ImageError } from '../../base/errors.ts'
import { movable } from '../../base/memory/movable-node.ts'
import { packError } from '../../base/packed-error.ts'
import { createNodeCodecs } from '../codecs/codecs-node.ts'
import { runImageJob } from './image-job-node.ts'
import type { WorkerOptions, WorkerReply, WorkerRequest } from './worker-messages-node.ts'

// The far end of WorkerPool: takes one job at a time and answers each.
const port = parentPort!
const codecs = createNodeCodecs((workerData as WorkerOptions).sharp)

port.on('message', async ({ id, job }: WorkerRequest) => {
  let reply: WorkerReply
  let moved: ArrayBuffer[] = []
  try {
    const { name } = await codecs
    const result = await runImageJob(job, await codecs)
    reply = { id, ok: { codecs: name, result } }
    moved = movable([result.data])
  } catch (error) {
    reply = { id, error: packError(asImageError(error)) }
  }
  port.postMessage(reply, moved)
})

/** A decoder that stumbles over a picture in a way of its own has still not read it. */
function asImageError(cause: unknown): IcthpError {
  if (cause instanceof IcthpError) return cause
  return new ImageError('image_unreadable', cause instanceof Error ? cause.message : String(cause), { cause })
}
