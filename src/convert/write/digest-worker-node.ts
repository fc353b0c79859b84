/** The thread in which files are hashed (see digester.ts): one path after the other. */
import { createHash } from 'node:crypto'
import { parentPort } from 'node:worker_threads'
import { packError } from '../../backend/ort-messages.ts'
import { hashFile } from '../../hub/hash-node.ts'
import type { DigestReply, DigestRequest } from './digester.ts'

let queue = Promise.resolve()

parentPort!.on('message', ({ id, path }: DigestRequest) => {
  queue = queue.then(async () => {
    let reply: DigestReply
    try {
      const hash = createHash('sha256')
      const size = await hashFile(path, hash)
      reply = { id, digest: { size, sha256: hash.digest('hex') } }
    } catch (error) {
      reply = { id, error: packError(error) }
    }
    parentPort!.postMessage(reply)
  })
})
