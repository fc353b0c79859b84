import { ImageError } from '../../base/errors.ts'
import { UsageError } from '../exit-codes.ts'

/** As of a file. */
const MAX_BYTES = 2 ** 30

/** stdin as a process has it. */
export type Input = AsyncIterable<Uint8Array> & { readonly isTTY?: boolean | undefined }

/** All of stdin, as one image's file. Throws `ImageError` and `signal.reason`. */
export async function readStdin(stdin: Input | undefined, signal?: AbortSignal): Promise<Blob> {
  if (!stdin || stdin.isTTY) {
    throw new ImageError(
      'image_not_found',
      '- is the image that comes through stdin, but stdin is a terminal. Pipe one in, or write ./- for a file of that name.',
    )
  }
  const chunks: Uint8Array<ArrayBuffer>[] = []
  let length = 0
  try {
    for await (const chunk of stdin) {
      signal?.throwIfAborted()
      length += chunk.length
      if (length > MAX_BYTES)
        throw new ImageError(
          'image_too_large',
          `stdin has more than ${MAX_BYTES} bytes. Scale the image down.`,
        )
      chunks.push(new Uint8Array(chunk))
    }
  } catch (cause) {
    signal?.throwIfAborted()
    if (cause instanceof ImageError) throw cause
    throw new ImageError('image_unreadable', `stdin cannot be read: ${(cause as Error).message}.`, { cause })
  }
  return new Blob(chunks)
}

/** stdin where something is piped in. Throws `UsageError`; `what` says what it is for. */
export function pipedIn(stdin: Input | undefined, what: string): Input {
  if (stdin && !stdin.isTTY) return stdin
  throw new UsageError(`${what}, but stdin is a terminal. Pipe some in.`)
}

/** All of stdin, `limit` bytes at most. Throws `UsageError` and `signal.reason`. */
export async function readPiped(
  stdin: Input | undefined,
  what: string,
  limit: number,
  signal: AbortSignal,
): Promise<Uint8Array> {
  const chunks: Uint8Array[] = []
  let length = 0
  for await (const chunk of pipedIn(stdin, what)) {
    signal.throwIfAborted()
    length += chunk.length
    if (length > limit) throw new UsageError(`stdin has more than ${limit} bytes. Put them into a file.`)
    chunks.push(new Uint8Array(chunk))
  }
  return Buffer.concat(chunks)
}

/** Throws `UsageError` where more than one thing is to come through stdin. */
export function refuseStdinTwice(
  images: readonly string[],
  options: Readonly<Record<string, string | undefined>>,
): void {
  const uses = [
    ...(images.includes('-') ? ['the image -'] : []),
    ...Object.entries(options).flatMap(([option, value]) => (value === '-' ? [`the ${option} -`] : [])),
  ]
  if (uses.length > 1) throw new UsageError(`stdin is either ${uses[0]} or ${uses[1]}, not both.`)
}
