// `npm test`: lint beside the build and the tests, since neither needs the other. What lint has to say comes before the
// summary of the tests; either may fail the whole.
import { spawn } from 'node:child_process'

const npm = (args, stdio) =>
  new Promise((resolve) => {
    const child = spawn('npm', args, { stdio, shell: process.platform === 'win32' })
    let said = ''
    for (const stream of [child.stdout, child.stderr]) stream?.on('data', (chunk) => (said += chunk))
    child.on('close', (code) => resolve({ code: code ?? 1, said }))
  })

const linting = npm(['run', 'lint'], ['ignore', 'pipe', 'pipe'])
const built = await npm(['run', 'build'], 'inherit')
if (built.code !== 0) process.exit(built.code)
const testing = npm(['exec', 'vitest', 'run'], 'inherit')
const linted = await linting
if (linted.code !== 0) console.error(linted.said)
const tested = await testing
if (linted.code !== 0) console.error('npm run lint failed: see above.')
process.exitCode = tested.code || linted.code
