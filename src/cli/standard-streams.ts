import { OutputError } from '../base/errors.ts'
import { Stopped } from './exit-codes.ts'

/**
 * Hears of writes that failed. A reader of stdout that has enough (`| head`) ends the run quietly; stdout that cannot be
 * written ends it with `OutputError` `output_no_space` or `output_failed`; without stderr the run goes on, since nobody is told
 * less by that than they asked for. Returns what waits for all of stdout to be out.
 */
export function watchStreams(
  stdout: NodeJS.WriteStream,
  stderr: NodeJS.WriteStream,
  stop: AbortController,
): () => Promise<void> {
  let failed = false
  const onFailure = (error: NodeJS.ErrnoException): void => {
    if (failed) return
    failed = true
    stop.abort(error.code === 'EPIPE' ? new Stopped('EPIPE') : stdoutError(error))
  }
  stdout.on('error', onFailure)
  stderr.on('error', () => {})
  return () =>
    new Promise((resolve) =>
      stdout.write('', (error) => {
        if (error) onFailure(error)
        resolve()
      }),
    )
}

function stdoutError(cause: NodeJS.ErrnoException): OutputError {
  if (cause.code === 'ENOSPC' || cause.code === 'EDQUOT') {
    return new OutputError(
      'output_no_space',
      'The results could not be written to stdout: no space is left. Free some, and run it again.',
      { cause },
    )
  }
  return new OutputError(
    'output_failed',
    `The results could not be written to stdout (${cause.message}). Check where it leads, and run it again.`,
    { cause },
  )
}
