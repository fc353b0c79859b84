#!/usr/bin/env node
import { Stopped } from './exit-codes.ts'
import { run } from './run.ts'
import { nodeServices } from './services.ts'
import { watchStreams } from './standard-streams.ts'

const { stdout, stderr, env } = process
const stop = new AbortController()
for (const signal of ['SIGINT', 'SIGTERM'] as const) {
  // Heard once: the second Ctrl-C finds no listener, and ends the process at once.
  process.once(signal, () => {
    const clear = stderr.isTTY && env['TERM'] !== 'dumb' ? '\r\x1b[2K' : ''
    stderr.write(`${clear}stopping${signal === 'SIGINT' ? '; Ctrl-C again ends it at once' : ''}\n`)
    stop.abort(new Stopped(signal))
  })
}
const flush = watchStreams(stdout, stderr, stop)

const code = await run(process.argv.slice(2), {
  stdout,
  stderr,
  env,
  flush,
  // Opened when `-` asks for it: it may be closed, or somebody else's.
  get stdin() {
    return process.stdin
  },
  // Where the folder was deleted, only what needs it fails.
  get cwd() {
    return process.cwd()
  },
  signal: stop.signal,
  services: nodeServices,
})
// Keep-alive connections and the like must not hold the process; what was written is out.
stderr.write('', () => process.exit(code))
