import { open, readFile, rm, stat, utimes } from 'node:fs/promises'
import { hostname } from 'node:os'
import { sleep } from '../../sleep.ts'
import { isErrno } from '../stored-file-node.ts'

// The owner touches its lock this often; one that stays untouched for many times that is nobody's.
const HEARTBEAT = 5_000
const STALE = 30_000
const POLL = 200

export interface FileLock {
  release(): Promise<void>
}

/**
 * Waits until no other process (or task of this one) holds `path`, then holds it. The lock of a process that is gone is
 * taken over. Python's locks (`flock`) cannot be had from Node, so this keeps only icthp from doing work twice; what is
 * written stays right without it, since downloads go by content, each byte to its place, and are renamed when checked.
 */
export async function lockFile(path: string, signal?: AbortSignal): Promise<FileLock> {
  let touched = -1
  let since = performance.now()
  for (;;) {
    signal?.throwIfAborted()
    if (await create(path)) return hold(path)
    const seen = await stat(path).catch(() => undefined)
    if (seen === undefined) continue
    if (seen.mtimeMs !== touched) {
      // Watched on our own clock: on network disks the other's clock may be off.
      touched = seen.mtimeMs
      since = performance.now()
    }
    if (performance.now() - since > STALE || (await ownerIsGone(path))) await rm(path, { force: true })
    else await sleep(POLL, signal)
  }
}

async function create(path: string): Promise<boolean> {
  try {
    const file = await open(path, 'wx')
    try {
      await file.writeFile(`${process.pid} ${hostname()}\n`)
    } finally {
      await file.close()
    }
    return true
  } catch (error) {
    if (isErrno(error, 'EEXIST')) return false
    throw error
  }
}

function hold(path: string): FileLock {
  const beat = setInterval(() => {
    const now = new Date()
    utimes(path, now, now).catch(() => undefined)
  }, HEARTBEAT)
  beat.unref()
  return {
    async release() {
      clearInterval(beat)
      await rm(path, { force: true })
    },
  }
}

async function ownerIsGone(path: string): Promise<boolean> {
  const [pid, host] = (await readFile(path, 'utf8').catch(() => '')).trim().split(' ')
  if (host !== hostname() || !pid || Number(pid) === process.pid) return false
  try {
    process.kill(Number(pid), 0)
    return false
  } catch (error) {
    return isErrno(error, 'ESRCH')
  }
}
