import { readFile, stat } from 'node:fs/promises'
import { CheckpointError } from '../../base/errors.ts'

/** A config has some kilobytes. */
const MAX_BYTES = 4 << 20

/**
 * Parses a small JSON file that lies beside weights; `undefined` where there is none. Throws `CheckpointError`
 * `checkpoint_config` for what is there and is no such file.
 */
export async function readJson(path: string): Promise<{ readonly json: unknown } | undefined> {
  const refuse = (why: string, cause?: unknown): CheckpointError =>
    new CheckpointError('checkpoint_config', `${path} ${why}`, {
      path,
      ...(cause === undefined ? {} : { cause }),
    })
  const found = await stat(path).catch((cause: NodeJS.ErrnoException) => {
    if (cause.code === 'ENOENT' || cause.code === 'ENOTDIR') return undefined
    throw refuse('cannot be opened; check the path and its permissions.', cause)
  })
  if (!found) return undefined
  if (!found.isFile())
    throw refuse(
      `is ${found.isDirectory() ? 'a folder' : 'a pipe or a device'}, not a file. Put the file in its place.`,
    )
  if (found.size > MAX_BYTES) throw refuse(`has ${found.size} bytes, far more than a config. Fetch it again.`)
  const text = await readFile(path, 'utf8').catch((cause: unknown) => {
    throw refuse('cannot be read; check its permissions.', cause)
  })
  try {
    return { json: JSON.parse(text) as unknown }
  } catch (cause) {
    throw refuse(`is not JSON: ${(cause as Error).message}. Fetch it again.`, cause)
  }
}
