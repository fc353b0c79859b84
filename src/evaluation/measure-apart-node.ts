import { fork } from 'node:child_process'
import { BackendError } from '../base/errors.ts'
import { unpackError } from '../base/packed-error.ts'
import type { OnProgress } from '../base/progress.ts'
import { workerUrl } from '../worker/worker-url-node.ts'
import type { Measurement, MeasureReply, MeasureRequest } from './measure-messages.ts'

export interface MeasureOptions {
  /** Ends the process. */
  readonly signal?: AbortSignal | undefined
  readonly onProgress?: OnProgress | undefined
}

/**
 * Measures one precision in a process of its own, so that what is in memory is this precision and no other. Throws what
 * loading and scoring throw, and `BackendError` `backend_failed` where the process dies.
 */
export function measureApart(
  request: MeasureRequest,
  { signal, onProgress }: MeasureOptions = {},
): Promise<Measurement> {
  signal?.throwIfAborted()
  const child = fork(workerUrl('measure'), {
    serialization: 'advanced',
    execArgv: [],
    stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
  })
  let said = ''
  child.stderr!.setEncoding('utf8').on('data', (part: string) => (said = (said + part).slice(-2000)))
  return new Promise<Measurement>((resolve, reject) => {
    const abort = (): void => {
      child.kill('SIGKILL')
      reject(signal!.reason as Error)
    }
    signal?.addEventListener('abort', abort, { once: true })
    child.on('message', (reply: MeasureReply) => {
      if ('progress' in reply) onProgress?.(reply.progress)
      else if ('error' in reply) reject(unpackError(reply.error))
      else resolve(reply.measurement)
    })
    child.on('error', reject)
    child.on('close', (code, killed) => {
      signal?.removeEventListener('abort', abort)
      reject(died(request, code, killed, said))
    })
    child.send(request, (error) => {
      // Where the process has died already, its end says more.
      if (error && child.connected) reject(error)
    })
  })
}

function died(
  { dtype }: MeasureRequest,
  code: number | null,
  killed: string | null,
  said: string,
): BackendError {
  const why = killed ? `was ended by ${killed}` : `ended with code ${code}`
  const remedy =
    killed === 'SIGKILL'
      ? ' It was probably out of memory: measure on a larger machine, or leave this precision out.'
      : ''
  return new BackendError(
    'backend_failed',
    `The process that measured ${dtype} ${why}.${remedy}${said ? `\n${said.trim()}` : ''}`,
    { dtype, code, signal: killed },
  )
}
