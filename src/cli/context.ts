import { ImageError } from '../base/errors.ts'
import { hidePasswords } from '../base/hide-passwords.ts'
import { shortName } from '../image/inputs/not-a-path.ts'
import type { CliIo } from './cli-io.ts'
import { EXIT } from './exit-codes.ts'
import type { ImageFailure, NamedImage } from './named-image.ts'
import { inFlags } from './options/in-flags.ts'
import type { Terminal } from './output/terminal.ts'

/** What a command works with. */
export interface Context {
  readonly io: CliIo
  readonly terminal: Terminal
  /** What the run ends with. */
  exitCode: number
  /** The command runs until it is stopped: that is no failure then. */
  endsWhenStopped?: true
  /** What a run that is stopped leaves, and how it goes on. */
  goesOn?: string
}

/** Names an image that could not be read. That the run ends with 3 is {@link settle}'s. */
export function reportFailure({ terminal }: Context, { image, code, message }: ImageFailure): void {
  const named = message.startsWith(image) || message.includes(` ${image}`)
  terminal.problem('warning', `${named ? '' : `${image}: `}${message} (${code})`)
}

/** Under the name that the user knows, which the message need not repeat. Throws what is not the image's fault. */
export function imageFailure({ name, input }: NamedImage, error: unknown): ImageFailure {
  if (!(error instanceof ImageError)) throw error
  const prefixes = [input, error.details['image'], name].map((named) => `${shortName(String(named))}: `)
  const prefix = prefixes.find((start) => error.message.startsWith(start)) ?? ''
  return {
    image: name,
    code: error.code,
    message: inFlags(hidePasswords(error.message.slice(prefix.length))),
  }
}

/** Lets the run end with 3 where images failed, else with 0. */
export function settle(context: Context, failures: readonly ImageFailure[]): void {
  context.exitCode = failures.length > 0 ? EXIT.incomplete : EXIT.done
}
