import { randomUUID } from 'node:crypto'
import { link, lstat, open, readFile, rename, rm, utimes } from 'node:fs/promises'
import { sleep } from '../../base/waiting/sleep.ts'
import { isGone, newOwner, parseOwner } from './lock-owner-node.ts'
import { isErrno } from './stored-file-node.ts'

// The owner touches its lock this often; one that stays untouched for many times that is nobody's.
const HEARTBEAT = 5_000
const STALE = 30_000
const POLL = 200

export interface FileLock {
  release(): Promise<void>
}

/**
 * Waits until no other process (or task of this one) holds `path`, then holds it. The lock of a process that is gone is
 * taken over: at once where that can be told, else when nobody has touched it for half a minute. Python's locks (`flock`)
 * cannot be had from Node, so this keeps only icthp from doing work twice; what is written stays right without it, since
 * downloads go by content, each byte to its place, and are renamed when checked.
 */
export async function lockFile(path: string, signal?: AbortSignal): Promise<FileLock> {
  const owner = await newOwner()
  let touched = -1
  let since = performance.now()
  let vanished = 0
  for (;;) {
    signal?.throwIfAborted()
    if (await create(path, JSON.stringify(owner))) return hold(path, owner.id)
    const seen = await lstat(path).catch((error: unknown) => {
      if (isErrno(error, 'ENOENT')) return undefined
      throw error
    })
    if (seen === undefined) {
      // Let go of between the two looks. Some network disks keep answering so for a while.
      if (++vanished > 1) await sleep(POLL, signal)
      continue
    }
    if (seen.mtimeMs !== touched) {
      // Watched on our own clock: on network disks the other's clock may be off.
      touched = seen.mtimeMs
      since = performance.now()
    }
    const other = await readOwner(path)
    if (performance.now() - since > STALE || (await isGone(other))) await takeAway(path, other.id)
    else await sleep(POLL, signal)
  }
}

/** Removes a lock that is nobody's, and no other that may have come in its place meanwhile. */
async function takeAway(path: string, id: string | undefined): Promise<void> {
  const aside = `${path}.${randomUUID()}`
  try {
    await rename(path, aside)
  } catch (error) {
    if (isErrno(error, 'ENOENT')) return
    throw error
  }
  if ((await readOwner(aside)).id !== id) await link(aside, path).catch(() => undefined)
  await rm(aside, { force: true })
}

async function create(path: string, text: string): Promise<boolean> {
  try {
    const file = await open(path, 'wx')
    try {
      await file.writeFile(text)
    } finally {
      await file.close()
    }
    return true
  } catch (error) {
    if (isErrno(error, 'EEXIST')) return false
    throw error
  }
}

function hold(path: string, id: string): FileLock {
  const beat = setInterval(() => {
    const now = new Date()
    utimes(path, now, now).catch(() => undefined)
  }, HEARTBEAT)
  beat.unref()
  return {
    async release() {
      clearInterval(beat)
      // Another may have taken it over while this process was held up.
      if ((await readOwner(path)).id === id) await rm(path, { force: true })
    },
  }
}

const readOwner = async (path: string): Promise<ReturnType<typeof parseOwner>> =>
  parseOwner(await readFile(path, 'utf8').catch(() => ''))
