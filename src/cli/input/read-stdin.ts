import { ImageError } from '../../base/errors.ts'

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
