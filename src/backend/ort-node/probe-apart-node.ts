import { fork } from 'node:child_process'
import { unpackError } from '../../base/packed-error.ts'
import { workerUrl } from '../../worker/worker-url-node.ts'
import type { OrtReply } from './ort-messages-node.ts'

/** The process that tries could not be started: then the thread tries. */
export class CannotTryApart extends Error {}

/**
 * Tries a device in a process of its own, whose stderr nobody reads: graphics drivers and their loaders write there what
 * cannot be turned off, and may end the process they are in. Returns milliseconds, as the thread does.
 */
export function probeApart(entry: string, device: string, signal: AbortSignal): Promise<number> {
  return new Promise((resolve, reject) => {
    const child = fork(workerUrl('ort'), [entry, device], {
      stdio: ['ignore', 'ignore', 'ignore', 'ipc'],
      execArgv: [],
      env: { ...process.env, ORT_DISABLE_TELEMETRY: '1' },
      signal,
    })
    child.on('message', (reply: OrtReply) => {
      if ('error' in reply) reject(unpackError(reply.error))
      else resolve((reply.ok as { milliseconds: number }).milliseconds)
    })
    child.on('error', (cause) =>
      reject(signal.aborted ? (signal.reason as Error) : new CannotTryApart(cause.message, { cause })),
    )
    child.on('exit', (code, ended) =>
      reject(
        new Error(`the process that tried it ended (${ended ?? `code ${code}`}): its driver may be broken`),
      ),
    )
  })
}
