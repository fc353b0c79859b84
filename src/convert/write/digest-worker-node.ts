/**
 * The thread in which files are hashed as they grow (see digester.ts). It has nothing else to do, so that it reads by
 * itself: a read that another thread does costs two more turns, which take long where all cores are busy.
 */
import { createHash, type Hash } from 'node:crypto'
import { closeSync, fstatSync, openSync, readSync } from 'node:fs'
import { parentPort } from 'node:worker_threads'
import { packError } from '../../base/packed-error.ts'
import type { DigestReply, DigestRequest } from './digester.ts'

/** What the second-level cache holds until it is hashed. */
const block = new Uint8Array(256 << 10)

interface Followed {
  readonly file: number
  readonly hash: Hash
  size: number
}
/** `undefined` once it has failed. */
const followed = new Map<number, Followed | undefined>()

parentPort!.on('message', ({ id, path, size, last }: DigestRequest) => {
  try {
    if (!followed.has(id))
      followed.set(id, { file: openSync(path, 'r'), hash: createHash('sha256'), size: 0 })
    const state = followed.get(id)
    if (state) readOn(state, path, size)
    if (state && last) reply({ id, ok: { size, sha256: finish(state, path) } })
  } catch (error) {
    reply({ id, error: packError(error) })
    close(id)
  }
  if (!last) return
  close(id)
  followed.delete(id)
})

function readOn(state: Followed, path: string, end: number): void {
  while (state.size < end) {
    const count = readSync(state.file, block, 0, Math.min(block.length, end - state.size), state.size)
    if (count === 0) throw changed(path, end, state.size)
    state.hash.update(block.subarray(0, count))
    state.size += count
  }
}

function finish({ file, hash, size }: Followed, path: string): string {
  const found = fstatSync(file).size
  if (found !== size) throw changed(path, size, found)
  return hash.digest('hex')
}

function close(id: number): void {
  const state = followed.get(id)
  if (state) closeSync(state.file)
  followed.set(id, undefined)
}

const changed = (path: string, expected: number, found: number): Error =>
  new Error(`${path} should have ${expected} bytes and has ${found}: something else wrote to it.`)

function reply(message: DigestReply): void {
  parentPort!.postMessage(message)
}
