import { randomUUID } from 'node:crypto'
import { readFile, readlink } from 'node:fs/promises'
import { hostname } from 'node:os'
import { isErrno } from './stored-file-node.ts'

/** Who holds a lock. Containers that share a disk may have the same host name and the same process numbers. */
export interface LockOwner {
  /** Of this lock alone. */
  readonly id: string
  readonly host: string
  readonly pid: number
  /** Where process numbers mean the same: the machine's start, and the container. Absent where the system does not say. */
  readonly space?: string
  /** When the process was started, by the machine's clock; numbers are given out again. */
  readonly started?: string
}

export async function newOwner(): Promise<LockOwner> {
  return { id: randomUUID(), host: hostname(), pid: process.pid, ...(await about(process.pid)) }
}

/** What a lock's file says, as far as it can be read. */
export function parseOwner(text: string): Partial<LockOwner> {
  try {
    const value: unknown = JSON.parse(text)
    return typeof value === 'object' && value !== null ? value : {}
  } catch {
    return {}
  }
}

/** Whether the process is known to be gone; `false` where that cannot be told. */
export async function isGone({ host, pid, space, started }: Partial<LockOwner>): Promise<boolean> {
  if (host !== hostname() || typeof pid !== 'number') return false
  const own = await about(process.pid)
  // Numbers of another container say nothing here.
  if (space !== own.space) return false
  try {
    process.kill(pid, 0)
  } catch (error) {
    return isErrno(error, 'ESRCH')
  }
  return started !== undefined && (await about(pid)).started !== started
}

/** As Linux tells it (proc(5)); elsewhere there are no containers to mix up. */
async function about(pid: number): Promise<Pick<LockOwner, 'space' | 'started'>> {
  const [boot, numbers, stat] = await Promise.all([
    readFile('/proc/sys/kernel/random/boot_id', 'utf8').catch(() => undefined),
    readlink('/proc/self/ns/pid').catch(() => undefined),
    readFile(`/proc/${pid}/stat`, 'utf8').catch(() => undefined),
  ])
  // The name of a program may hold anything; fields are counted from behind it. The 22nd is the start.
  const started = stat?.slice(stat.lastIndexOf(')') + 2).split(' ')[19]
  return {
    ...(boot && numbers ? { space: `${boot.trim()} ${numbers}` } : {}),
    ...(started === undefined ? {} : { started }),
  }
}
