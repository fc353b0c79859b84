import type { IncomingMessage } from 'node:http'
import { freeMemory } from '../../base/memory/free-memory-node.ts'

/**
 * A request's body of `length` bytes, in memory that holds nothing else. What comes off the wire is let go of as soon as it is
 * copied. Rejects where another length comes.
 */
export function readIncoming(incoming: IncomingMessage, length: number): Promise<Uint8Array> {
  return new Promise((resolve, reject) => {
    const body = new Uint8Array(Buffer.allocUnsafeSlow(length).buffer)
    let at = 0
    incoming.on('data', (chunk: Buffer) => {
      if (at + chunk.length <= length) body.set(chunk, at)
      at += chunk.length
      // Unless somebody else asked for a stream of it, too.
      if (incoming.listenerCount('data') === 1) freeMemory([chunk])
    })
    const end = (): void =>
      at === length ? resolve(body) : reject(new Error(`${at} of ${length} bytes came`))
    incoming.once('end', end).once('error', reject).once('close', end)
  })
}
