import { spawn } from 'node:child_process'
import { existsSync } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { lockFile } from '../../../src/hub/files/file-lock-node.ts'
import { freePort } from '../../free-port.ts'
import { apt, hasApt } from '../../web/browser/find-browser.ts'

const PROGRAM = '/usr/bin/redis-server'

export interface RedisServer {
  readonly url: string
  stop(): Promise<void>
}

/** Where Redis is: what `$REDIS_SERVER` says, the system's, else Debian's package is installed; undefined where it cannot be. */
async function findRedis(): Promise<string | undefined> {
  const named = process.env['REDIS_SERVER']
  if (named) return named
  if (existsSync(PROGRAM)) return PROGRAM
  if (!hasApt()) return undefined
  const lock = await lockFile(join(tmpdir(), 'icthp-install-redis.lock'))
  try {
    if (existsSync(PROGRAM)) return PROGRAM
    console.warn('redis-server is missing: installing it with apt-get')
    await apt('update').catch(() => undefined)
    await apt('install', '-y', '--no-install-recommends', 'redis-server')
    return PROGRAM
  } finally {
    await lock.release()
  }
}

/** A server of our own, on a free port, that keeps nothing; undefined, and why is said, where there is none to be had. */
export async function startRedis(): Promise<RedisServer | undefined> {
  const program = await findRedis()
  if (!program) {
    console.warn(
      'There is no redis-server and no apt-get to install it: name one in $REDIS_SERVER. Its tests are skipped.',
    )
    return undefined
  }
  const folder = await mkdtemp(join(tmpdir(), 'icthp-redis-'))
  const port = await freePort()
  const args = [
    '--port',
    String(port),
    '--bind',
    '127.0.0.1',
    '--save',
    '',
    '--appendonly',
    'no',
    '--dir',
    folder,
  ]
  const child = spawn(program, args, { stdio: ['ignore', 'pipe', 'inherit'] })
  await new Promise<void>((resolve, reject) => {
    child.once('error', reject)
    child.once('exit', (code) => reject(new Error(`redis-server ended with ${code}`)))
    child.stdout.setEncoding('utf8').on('data', (text: string) => {
      if (text.includes('Ready to accept connections')) resolve()
    })
  })
  return {
    url: `redis://127.0.0.1:${port}`,
    stop: async () => {
      const ended = new Promise((resolve) => child.once('close', resolve))
      child.kill('SIGTERM')
      await ended
      await rm(folder, { recursive: true, force: true })
    },
  }
}
