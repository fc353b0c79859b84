/**
 * What runs in icthp/web's worker, or on the calling thread behind a MessagePort: image decoding and onnxruntime-web.
 * Built into a bundle of its own with all it imports but onnxruntime-web, since import maps do not reach workers.
 */
import { OrtHandler, type OrtWebRequest } from '../backend/ort-web/ort-handler-web.ts'
import { packError } from '../base/packed-error.ts'
import type { Reply } from '../base/pending-calls.ts'
import { ImageHandler, type ImageRequest } from '../image/image-handler-web.ts'
import { type Answer, WORKER_NAME, type WorkerSetup } from './worker-messages-web.ts'

type Request = { readonly id: number } & (OrtWebRequest | ImageRequest)

interface Port {
  postMessage(message: unknown, transfer: Transferable[]): void
  addEventListener(type: 'message', listener: (event: MessageEvent) => void): void
  start?(): void
}

/** Answers what comes through a port, until the returned function is called, which frees the sessions. */
export function serve(port: Port): () => Promise<void> {
  const images = new ImageHandler()
  let ort: OrtHandler | undefined
  const perform = (request: Request): Promise<Answer> =>
    request.kind === 'image' ? images.perform(request) : ort!.perform(request)
  port.addEventListener('message', async ({ data }: MessageEvent<Request | WorkerSetup>) => {
    if (data.kind === 'setup') {
      ort = new OrtHandler(data)
      return
    }
    try {
      const { ok, transfer } = await perform(data)
      port.postMessage({ id: data.id, ok } satisfies Reply<unknown>, [...transfer])
    } catch (error) {
      port.postMessage({ id: data.id, error: packError(error) } satisfies Reply<unknown>, [])
    }
  })
  port.start?.()
  return async () => ort?.dispose()
}

// Imported for `worker: false`, it waits for `serve`. onnxruntime's own threads may load a bundle that holds this, too.
if ('DedicatedWorkerGlobalScope' in globalThis && (globalThis as { name?: string }).name === WORKER_NAME)
  serve(globalThis as unknown as Port)
