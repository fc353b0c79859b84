import * as threads from 'node:worker_threads'

/** Since Node 21; the memory of native code and of Buffer's pool is marked from the start. */
const { isMarkedAsUntransferable = () => false } = threads as {
  isMarkedAsUntransferable?: (value: object) => boolean
}

/**
 * The memory of the views that can be moved to another thread in place of a copy: each whole in its view, and not native
 * code's, which Node 20 copies without a word and later ones refuse with a DataCloneError.
 */
export function movable(views: readonly ArrayBufferView[]): ArrayBuffer[] {
  const memories = views
    .filter(({ buffer, byteLength }) => buffer.byteLength === byteLength)
    .map(({ buffer }) => buffer)
    .filter((buffer): buffer is ArrayBuffer => buffer instanceof ArrayBuffer)
  return [...new Set(memories)].filter((buffer) => !isMarkedAsUntransferable(buffer))
}
