import { parentPort, workerData } from 'node:worker_threads'
import { createNodeCodecs } from '../codecs/codecs-node.ts'
import { runImageJob } from './image-job-node.ts'
import {
  toMessage,
  type WorkerOptions,
  type WorkerReply,
  type WorkerRequest,
} from './worker-messages-node.ts'

// The far end of WorkerPool: takes one job at a time and answers each.
const port = parentPort!
const codecs = createNodeCodecs((workerData as WorkerOptions).sharp)

port.on('message', async ({ id, job }: WorkerRequest) => {
  let reply: WorkerReply
  const transfer: ArrayBuffer[] = []
  try {
    const { name } = await codecs
    const result = await runImageJob(job, await codecs)
    reply = { id, codecs: name, result }
    // Pooled Buffers share their memory and cannot be handed over.
    const { buffer, byteLength } = result.data
    if (buffer instanceof ArrayBuffer && buffer.byteLength === byteLength) transfer.push(buffer)
  } catch (error) {
    reply = { id, error: toMessage(error) }
  }
  port.postMessage(reply, transfer)
})
