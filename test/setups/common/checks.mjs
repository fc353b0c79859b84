// What the checks of set-ups share.
import { execFile, spawn } from 'node:child_process'
import { cp, mkdtemp, rename, writeFile } from 'node:fs/promises'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

/** Runs a program in a folder; `{ code, output }`, stdout and stderr together. */
export const run = (command, args, { cwd = process.cwd(), env = {} } = {}) =>
  new Promise((resolve) => {
    const options = { cwd, env: { ...process.env, ...env }, maxBuffer: 2 ** 26 }
    execFile(command, args, options, (error, stdout, stderr) =>
      resolve({ code: error ? Number(error.code) || 1 : 0, output: `${stdout}${stderr}` }),
    )
  })

/** As {@link run}; throws where the program fails. Returns its output. */
export async function mustRun(command, args, options) {
  const { code, output } = await run(command, args, options)
  if (code !== 0) throw new Error(`${command} ${args.join(' ')} ended with ${code}:\n${output.slice(-4000)}`)
  return output
}

export function check(holds, what) {
  if (!holds) throw new Error(what)
}

let reference
/** Throws unless an output has the score that `node score.mjs` has in this folder before anything is built. */
export async function checkScore(output) {
  reference ??= hpIn(await mustRun(process.execPath, ['score.mjs']))
  const hp = hpIn(output)
  check(Math.abs(hp - reference) < 1e-5, `HP is ${hp}, not ${reference}:\n${output.slice(-2000)}`)
}
const hpIn = (output) => Number(/"(?:hp|score)":([\d.]+)/.exec(output)?.[1])

/** A copy of files and folders of this project, with the picture, where no package is near, nor is a part of one above. */
export async function elsewhere(...paths) {
  const folder = await mkdtemp(join(tmpdir(), 'icthp-setup-'))
  for (const path of paths) await cp(path, join(folder, path), { recursive: true })
  await cp('red-apple.jpg', join(folder, 'red-apple.jpg'))
  await writeFile(join(folder, 'package.json'), '{}')
  return folder
}

/** Runs something while this project has no packages: bundles may know where they were built. */
export async function withoutPackages(work) {
  await rename('node_modules', 'node_modules.away')
  try {
    return await work()
  } finally {
    await rename('node_modules.away', 'node_modules')
  }
}

/** Starts a server, asks it for a path until it answers, ends it. Returns the answer. */
export async function ask(args, path, { cwd = process.cwd(), env = {} } = {}) {
  const port = await freePort()
  const server = spawn(
    process.execPath,
    args.map((arg) => arg.replace('PORT', port)),
    {
      cwd,
      env: { ...process.env, PORT: String(port), HOSTNAME: '127.0.0.1', HOST: '127.0.0.1', ...env },
    },
  )
  let said = ''
  let ended = false
  for (const stream of [server.stdout, server.stderr]) stream.on('data', (part) => (said += part))
  server.on('exit', () => (ended = true))
  try {
    for (;;) {
      const answer = await fetch(`http://127.0.0.1:${port}${path}`).catch(() => undefined)
      if (answer) return await answer.text()
      check(!ended, `the server ended:\n${said}`)
      await new Promise((resolve) => setTimeout(resolve, 100))
    }
  } finally {
    server.kill()
  }
}

const freePort = () =>
  new Promise((resolve) => {
    const server = createServer().listen(0, '127.0.0.1', () => {
      const { port } = server.address()
      server.close(() => resolve(port))
    })
  })
