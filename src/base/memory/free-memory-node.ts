import { MessageChannel, type MessagePort } from 'node:worker_threads'
import { movable } from './movable-node.ts'

let nowhere: MessagePort | undefined

/**
 * Lets go of the memory of views at once, where each is whole in its view: they are empty afterwards. The garbage collector counts
 * bytes outside its heap, and marks all that is in it every dozen megabytes of them, which costs more than what was done with them.
 */
export function freeMemory(views: readonly ArrayBufferView[]): void {
  if (!nowhere) {
    // What is moved to a port whose other end is closed is gone.
    const { port1, port2 } = new MessageChannel()
    port2.close()
    nowhere = port1
  }
  nowhere.postMessage(undefined, movable(views))
}
