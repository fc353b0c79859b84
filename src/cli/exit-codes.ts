import { IcthpError } from '../base/errors.ts'

/** What the command line ends with; a signal gives 128 and its number. */
export const EXIT = {
  done: 0,
  failed: 1,
  usage: 2,
  /** Done, but some images could not be read. */
  incomplete: 3,
} as const

/** A command line that cannot be meant: told with the command's `--help`. */
export class UsageError extends Error {}

const SIGNAL_EXIT = { SIGINT: 130, SIGTERM: 143, EPIPE: 0 } as const

/** Why a run was ended from outside; the reason of its AbortSignal. `EPIPE`: the reader of stdout has all it wanted. */
export class Stopped extends Error {
  readonly exitCode: number

  constructor(readonly signal: keyof typeof SIGNAL_EXIT) {
    super(`stopped by ${signal}`)
    this.exitCode = SIGNAL_EXIT[signal]
  }
}

/** Option values that only the library can judge count as usage, too. */
export function exitCodeOf(error: unknown): number {
  if (error instanceof UsageError) return EXIT.usage
  if (error instanceof IcthpError && USAGE_CODES.has(error.code)) return EXIT.usage
  return EXIT.failed
}

const USAGE_CODES: ReadonlySet<string> = new Set([
  'input_invalid_option',
  'input_not_text',
  'input_invalid_table',
  'device_unknown',
  'dtype_unknown',
])
