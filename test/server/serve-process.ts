import { type ChildProcessWithoutNullStreams, spawn } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { cliPath } from '../cli/built-cli.ts'

export const root: string = fileURLToPath(new URL('../../', import.meta.url))

/** `icthp serve` in a process of its own, once it listens. */
export interface ServeProcess {
  readonly url: string
  readonly child: ChildProcessWithoutNullStreams
  /** What it has written. */
  readonly said: { stdout: string; stderr: string }
  /** Its exit code, or the signal that ended it. */
  readonly ended: Promise<number | string | null>
}

/** Starts it on the demo model; the command line must have been built. */
export function startServe(args: readonly string[] = [], env: NodeJS.ProcessEnv = {}): Promise<ServeProcess> {
  const command = [cliPath, 'serve', '-m', 'models/demo', '-d', 'cpu', '--port', '0', ...args]
  const child = spawn(process.execPath, command, { cwd: root, env: { ...process.env, ...env } })
  const said = { stdout: '', stderr: '' }
  const ended = new Promise<number | string | null>((resolve) =>
    child.on('close', (code, signal) => resolve(signal ?? code)),
  )
  child.stdout.setEncoding('utf8').on('data', (text: string) => (said.stdout += text))
  return new Promise((resolve, reject) => {
    child.stderr.setEncoding('utf8').on('data', (text: string) => {
      said.stderr += text
      const [, url] = /listening on (http:\S+?)(?:,|\n)/.exec(said.stderr) ?? []
      if (url) resolve({ url, child, said, ended })
    })
    void ended.then((code) => reject(new Error(`icthp serve ended with ${code}: ${said.stderr}`)))
  })
}
