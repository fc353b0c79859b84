import { ImageError } from '../base/errors.ts'
import type { CliIo } from './cli-io.ts'
import { EXIT } from './exit-codes.ts'
import type { ImageFailure, NamedImage } from './expand-images.ts'
import type { Terminal } from './output/terminal.ts'

/** What a command works with. */
export interface Context {
  readonly io: CliIo
  readonly terminal: Terminal
  /** What the run ends with. */
  exitCode: number
}

/** Names an image that could not be read, and lets the run end with 3. */
export function reportFailure({ terminal }: Context, { image, code, message }: ImageFailure): void {
  terminal.problem('warning', `${message.includes(image) ? '' : `${image}: `}${message} (${code})`)
}

/** Under the name that the user knows, which the message need not repeat. Throws what is not the image's fault. */
export function imageFailure({ name, input }: NamedImage, error: unknown): ImageFailure {
  if (!(error instanceof ImageError)) throw error
  const prefix = `${String(input)}: `
  const message = error.message.startsWith(prefix) ? error.message.slice(prefix.length) : error.message
  return { image: name, code: error.code, message }
}

export function settle(context: Context, failures: readonly ImageFailure[]): void {
  context.exitCode = failures.length > 0 ? EXIT.incomplete : EXIT.done
}
