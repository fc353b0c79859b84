// Workers that are killed, one after the other, until the work is done.
import { spawn } from 'node:child_process'
import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { packTar } from 'modern-tar'

const script = fileURLToPath(new URL('worker.mjs', import.meta.url))

/** Bytes of shard `s`: pictures that the fakes take, numbered through all shards. */
export async function shardOf(s, size) {
  const files = Array.from({ length: size }, (_, i) => {
    const body = new TextEncoder().encode(`picture ${s * size + i}`)
    return { header: { name: `${s * size + i}.jpg`, size: body.length, mtime: new Date(0) }, body }
  })
  return packTar(files)
}

/** `count` shards of `size` pictures in a folder. */
export async function writeShards(folder, count, size) {
  mkdirSync(folder, { recursive: true })
  for (let s = 0; s < count; s++)
    writeFileSync(join(folder, `${String(s).padStart(5, '0')}.tar`), await shardOf(s, size))
}

/**
 * Keeps so many workers running, and kills one of them −9 every so many milliseconds, until all that run have ended by
 * themselves. Resolves to the number of those that were killed.
 */
export async function killUntilDone(job, { workers, every, env = {} }) {
  const running = new Set()
  let kills = 0
  let failure
  let done = false
  const start = () => {
    const child = spawn(process.execPath, [script, '--job', JSON.stringify(job)], {
      stdio: ['ignore', 'inherit', 'inherit'],
      env: { ...process.env, ...env },
    })
    running.add(child)
    child.once('close', (code, signal) => {
      running.delete(child)
      if (signal === 'SIGKILL') start()
      else if (code !== 0) failure ??= new Error(`A worker ended with ${code}`)
      else done = true
    })
  }
  for (let i = 0; i < workers; i++) start()
  for (let victim = 0; running.size > 0 && !failure; victim++) {
    for (let waited = 0; waited < every && running.size > 0; waited += 100) await sleep(100)
    const alive = [...running]
    // Who has found all done ends by itself; the others are to find it, too.
    if (done || alive.length === 0) continue
    if (alive[victim % alive.length].kill('SIGKILL')) kills++
  }
  for (const child of running) child.kill('SIGKILL')
  if (failure) throw failure
  return kills
}
