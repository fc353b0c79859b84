#!/usr/bin/env node
import { Stopped } from './exit-codes.ts'
import { run } from './run.ts'
import { nodeServices } from './services.ts'

const stop = new AbortController()
for (const signal of ['SIGINT', 'SIGTERM'] as const) {
  // Heard once: the second Ctrl-C finds no listener, and ends the process at once.
  process.once(signal, () => {
    process.stderr.write(
      `${process.stderr.isTTY ? '\r\x1b[2K' : ''}stopping${signal === 'SIGINT' ? '; Ctrl-C again ends it at once' : ''}\n`,
    )
    stop.abort(new Stopped(signal))
  })
}
const { stdout, stderr, env } = process
for (const output of [stdout, stderr]) {
  output.on('error', (error: NodeJS.ErrnoException) => {
    // `icthp … | head` has read enough.
    if (error.code !== 'EPIPE') throw error
    stop.abort(new Stopped('EPIPE'))
  })
}

const code = await run(process.argv.slice(2), {
  stdout,
  stderr,
  env,
  cwd: process.cwd(),
  signal: stop.signal,
  services: nodeServices,
})
// Keep-alive connections and the like must not hold the process; what was written is on its way first.
stdout.write('', () => process.exit(code))
