/** The thread in which files are hashed (see digester.ts): one path after the other. */
import { parentPort } from 'node:worker_threads'
import { packError } from '../../backend/ort-messages.ts'
import { digestFile } from '../checkpoint/digest-file.ts'
import type { DigestReply, DigestRequest } from './digester.ts'

let queue = Promise.resolve()

parentPort!.on('message', ({ id, path }: DigestRequest) => {
  queue = queue.then(async () => {
    let reply: DigestReply
    try {
      reply = { id, digest: await digestFile(path) }
    } catch (error) {
      reply = { id, error: packError(error) }
    }
    parentPort!.postMessage(reply)
  })
})
