import type { Environment } from '../base/environment.ts'
import type { Input } from './input/read-stdin.ts'
import type { CliServices } from './services.ts'

/** Everything outside that a run of the command line touches: handed in, so that tests run it in their own process. */
export interface CliIo {
  readonly stdout: Output
  readonly stderr: Output
  /** What the image `-` comes from. */
  readonly stdin?: Input | undefined
  /** Waits until what was written is out; `signal` has aborted where it could not be. */
  readonly flush?: () => Promise<void>
  readonly env: Environment
  /** What relative paths are relative to. */
  readonly cwd: string
  /** Ends the run; its reason is a `Stopped`. */
  readonly signal: AbortSignal
  readonly services: CliServices
  /** Milliseconds, rising; default `performance.now`. */
  readonly now?: () => number
}

export interface Output {
  write(text: string): unknown
  readonly isTTY?: boolean | undefined
  /** Width of the terminal, in cells. */
  readonly columns?: number | undefined
}
