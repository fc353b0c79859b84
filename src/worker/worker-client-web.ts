/**
 * Where icthp/web works: a dedicated worker that comes with the library, so that decoding, resizing and the towers
 * never hold up the page. Behind a MessagePort, so that the same code can run on the calling thread too.
 */
import { DeviceError, InputError } from '../base/errors.ts'
import { PendingCalls, type Reply } from '../base/pending-calls.ts'
import { abortable } from '../base/waiting/abortable.ts'
import { startWorker } from './start-worker-web.ts'
import type { WasmPaths, WorkerSetup } from './worker-messages-web.ts'

export interface WorkerClientOptions {
  /** `false`: no worker, everything on the calling thread. Default true. */
  readonly worker?: boolean | undefined
  /**
   * Where onnxruntime-web's files (`ort-wasm-*.mjs`, `ort-wasm-*.wasm`) are: a folder's URL ending in `/`, or the URLs of
   * the two. Default: the installed package's own, as the bundler or the import map says. Never a CDN unasked.
   */
  readonly wasmPaths?: WasmPaths | undefined
  /** Of WebAssembly, where the page is cross-origin isolated (else 1). Default: one a core. */
  readonly threads?: number | undefined
}

interface WorkerPort {
  postMessage(message: unknown, transfer: Transferable[]): void
  close(): void
  /** It cannot start threads of its own. */
  readonly alone?: boolean
}

/** Asks the worker and waits for its answers. Starts it with the first request. */
export class WorkerClient {
  readonly #options: WorkerClientOptions
  readonly #calls = new PendingCalls()
  #port: Promise<WorkerPort> | undefined
  #disposed = false

  constructor(options: WorkerClientOptions = {}) {
    this.#options = options
  }

  /** Rejects with what the worker threw, `DeviceError` `runtime_missing` where it cannot start, or the signal's reason. */
  ask<Request extends { readonly kind: string }>(
    request: Request,
    transfer: readonly Transferable[] = [],
    signal?: AbortSignal,
  ): Promise<unknown> {
    return abortable(this.#send(request, transfer), signal)
  }

  /** Ends the worker, which frees all its memory; what waits is rejected with `InputError` `input_disposed`. */
  async dispose(): Promise<void> {
    this.#disposed = true
    this.#calls.fail(
      new InputError('input_disposed', 'It was disposed while this was running. Load it again.'),
    )
    const port = await this.#port?.catch(() => undefined)
    port?.close()
  }

  /** Ends a worker that hangs; the next request starts another. Returns `false` where it runs on the calling thread. */
  endWorker(): boolean {
    if (this.#options.worker === false) return false
    this.#calls.fail(
      new DeviceError('device_unavailable', 'The worker of icthp hung and was ended. Load it again.'),
    )
    void this.#port?.then(
      (port) => port.close(),
      () => {},
    )
    this.#port = undefined
    return true
  }

  async #send(request: { readonly kind: string }, transfer: readonly Transferable[]): Promise<unknown> {
    this.#requireAlive()
    const port = await (this.#port ??= this.#start())
    this.#requireAlive()
    return this.#calls.ask((id) => port.postMessage({ ...request, id }, [...transfer]))
  }

  #requireAlive(): void {
    if (this.#disposed)
      throw new InputError('input_disposed', 'It was disposed. Load it again with fromPretrained.')
  }

  async #start(): Promise<WorkerPort> {
    const port = this.#options.worker === false ? await this.#startHere() : this.#startWorker()
    const { wasmPaths, threads } = this.#options
    port.postMessage(
      {
        kind: 'setup',
        wasmPaths: absolute(wasmPaths),
        threads: port.alone ? 1 : threads,
        modules: mappedModules(),
      } satisfies WorkerSetup,
      [],
    )
    return port
  }

  #startWorker(): WorkerPort {
    const { worker, alone } = startWorker()
    worker.addEventListener('message', ({ data }) => this.#calls.settle(data as Reply<unknown>))
    worker.addEventListener('error', (event) => {
      event.preventDefault()
      const why = event.message || 'its script cannot be loaded'
      this.#calls.fail(
        new DeviceError(
          'runtime_missing',
          `The worker of icthp has ended: ${why}. Check that worker-web.js is served with the page's files (from another ` +
            'origin with Access-Control-Allow-Origin) and that the Content-Security-Policy allows it (worker-src, script-src ' +
            'wasm-unsafe-eval), or use worker: false.',
          { reason: why },
        ),
      )
      worker.terminate()
      this.#port = undefined
    })
    worker.addEventListener('messageerror', () =>
      this.#calls.fail(
        new DeviceError('runtime_missing', 'An answer of the worker of icthp could not be read.'),
      ),
    )
    return {
      postMessage: (message, transfer) => worker.postMessage(message, transfer),
      close: () => worker.terminate(),
      alone,
    }
  }

  async #startHere(): Promise<WorkerPort> {
    const { serve } = await import('./worker-web.js')
    const { port1, port2 } = new MessageChannel()
    const release = serve(port2)
    port1.addEventListener('message', ({ data }) => this.#calls.settle(data as Reply<unknown>))
    port1.start()
    return {
      postMessage: (message, transfer) => port1.postMessage(message, transfer),
      close: () => {
        port1.close()
        void release()
      },
    }
  }
}

/** A worker's own address is another than the page's. */
function absolute(paths: WasmPaths | undefined): WasmPaths | undefined {
  if (paths === undefined) return undefined
  const base = 'document' in globalThis ? document.baseURI : location.href
  if (typeof paths === 'string') return new URL(paths, base).href
  const whole = (path: string | undefined): string | undefined =>
    path === undefined ? undefined : new URL(path, base).href
  return { mjs: whole(paths.mjs), wasm: whole(paths.wasm) }
}

function mappedModules(): Record<string, string> {
  const found: Record<string, string> = {}
  for (const name of ['onnxruntime-web/jspi', 'onnxruntime-web/webgpu', 'onnxruntime-web/wasm']) {
    try {
      // Bundlers that do not know it leave it out, and need no addresses.
      const address = (import.meta as { resolve?: (name: string) => string }).resolve?.(name)
      if (address) found[name] = address
    } catch {
      // No import map: a bundler has put the package into the worker.
    }
  }
  return found
}
