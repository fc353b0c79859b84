/**
 * The thread in which files are hashed (see digester.ts): one path after the other. It has nothing else to do, so that it
 * reads by itself: a read that another thread does costs two more turns, which take long where all cores are busy.
 */
import { createHash } from 'node:crypto'
import { closeSync, openSync, readSync } from 'node:fs'
import { parentPort } from 'node:worker_threads'
import { packError } from '../../backend/ort-messages.ts'
import type { FileDigest } from '../../hub/hub.ts'
import type { DigestReply, DigestRequest } from './digester.ts'

/** What the second-level cache holds until it is hashed. */
const block = new Uint8Array(256 << 10)

parentPort!.on('message', ({ id, path }: DigestRequest) => {
  let reply: DigestReply
  try {
    reply = { id, digest: digest(path) }
  } catch (error) {
    reply = { id, error: packError(error) }
  }
  parentPort!.postMessage(reply)
})

function digest(path: string): FileDigest {
  const hash = createHash('sha256')
  const file = openSync(path, 'r')
  try {
    let size = 0
    for (let count = readSync(file, block); count > 0; count = readSync(file, block)) {
      hash.update(block.subarray(0, count))
      size += count
    }
    return { size, sha256: hash.digest('hex') }
  } finally {
    closeSync(file)
  }
}
