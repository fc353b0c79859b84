import { readFileSync } from 'node:fs'
import { basename, dirname, join, resolve } from 'node:path'
import type { Worker } from 'node:worker_threads'
import { abortable } from '../../base/abortable.ts'
import { BackendError, DeviceError, InputError } from '../../base/errors.ts'
import { resolvePackage } from '../../worker/resolve-package-node.ts'
import { startThread, workerUrl } from '../../worker/worker-url-node.ts'
import type {
  Device,
  FileSource,
  InferenceBackend,
  InferenceSession,
  LoadOptions,
  ModelSource,
  ProbedDevice,
  Tensors,
} from '../backend.ts'
import { type OrtReply, type OrtRequest, type OrtWorkerData, unpackError } from '../ort-messages.ts'
import { probeNodeDevice } from './devices-node.ts'
import { CannotTryApart, probeApart } from './probe-apart-node.ts'

export interface OrtNodeOptions {
  /** Whether the thread outlives its last session, for callers that make many: starting it anew takes 80 ms. Default false. */
  readonly keepThread?: boolean | undefined
  /** Whether the CPU is tried before it counts as there, as other devices are: for those who look what there is. Default false. */
  readonly tryCpu?: boolean | undefined
}

type Unsent<T> = T extends unknown ? Omit<T, 'id'> : never

/**
 * onnxruntime-node in a worker thread of its own, since its calls block the thread that makes them. The thread starts
 * with the first call, keeps the process alive only while it works, and ends with the last session (unless `keepThread`
 * says otherwise), which gives all memory back.
 */
export class OrtNodeBackend implements InferenceBackend {
  readonly name: string
  readonly #entry: string
  readonly #keepThread: boolean
  readonly #tryCpu: boolean
  /** Ends what tries devices elsewhere. */
  #disposed = new AbortController()
  #worker: Worker | undefined
  #waiting = new Map<number, { resolve: (value: OrtReply['ok']) => void; reject: (error: Error) => void }>()
  #sessions = 0
  #ids = 0
  #probes = new Map<Device, Promise<ProbedDevice>>()

  /** Throws `DeviceError` `runtime_missing` where onnxruntime-node is not installed. */
  constructor({ keepThread = false, tryCpu = false }: OrtNodeOptions = {}) {
    this.#keepThread = keepThread
    this.#tryCpu = tryCpu
    try {
      this.#entry = resolvePackage('onnxruntime-node')
      this.name = `onnxruntime-node ${packageVersion(this.#entry)}`
    } catch (cause) {
      // Taken out of its package, icthp finds no other.
      workerUrl('ort')
      throw new DeviceError(
        'runtime_missing',
        'onnxruntime-node is not installed. Run `npm install onnxruntime-node`.',
        {
          cause,
        },
      )
    }
  }

  probe(device: Device): Promise<ProbedDevice> {
    const known = this.#probes.get(device)
    if (known) return known
    // The CPU is always there; starting a session to see it would only cost time.
    const probed =
      device === 'cpu' && !this.#tryCpu
        ? Promise.resolve({ device, notes: [] })
        : probeNodeDevice(device, this.#tryDevice, process.platform)
    this.#probes.set(device, probed)
    probed
      .catch(() => this.#probes.delete(device))
      .finally(() => this.#endIfIdle())
      .catch(() => {})
    return probed
  }

  readonly #tryDevice = async (device: Device): Promise<number> => {
    if (device === 'webgpu' && process.platform === 'linux') {
      try {
        return await probeApart(this.#entry, device, this.#disposed.signal)
      } catch (error) {
        if (!(error instanceof CannotTryApart)) throw error
      }
    }
    const reply = await this.#ask({ kind: 'probe', device })
    return (reply as { milliseconds: number }).milliseconds
  }

  async load(model: ModelSource, { device, threads, once, signal }: LoadOptions): Promise<InferenceSession> {
    signal?.throwIfAborted()
    const path = pathOf(model.model)
    for (const part of model.externalData) {
      // The runtime maps external data that lies beside the graph, and takes none from elsewhere by path.
      if (resolve(dirname(path), part.name) === resolve(pathOf(part.file))) continue
      throw new BackendError(
        'backend_failed',
        `${model.name}: ${part.name} must lie beside the graph, in ${dirname(path)}.`,
        {
          model: model.name,
        },
      )
    }
    const session = ++this.#ids
    this.#sessions++
    const worker = (this.#worker ??= this.#start())
    const isThere = (): boolean => this.#worker === worker
    const release = async (): Promise<void> => {
      // A worker that ended has freed everything.
      if (isThere()) await this.#ask({ kind: 'release', session }).catch(() => {})
      if (!isThere()) return
      this.#sessions--
      await this.#endIfIdle()
    }
    try {
      await abortable(this.#ask({ kind: 'load', session, path, device, threads, once }), signal)
    } catch (cause) {
      const released = release()
      if (signal?.aborted) throw signal.reason
      await released
      if (cause instanceof InputError || cause instanceof DeviceError) throw cause
      throw new BackendError(
        'backend_failed',
        `${this.name} could not load ${model.name} on ${device}: ${(cause as Error).message}`,
        { model: model.name, device, cause },
      )
    }
    return this.#session(session, model.name, isThere, release)
  }

  async dispose(): Promise<void> {
    const worker = this.#worker
    this.#worker = undefined
    this.#sessions = 0
    const disposed = new InputError('input_disposed', 'The backend was disposed while this was running.')
    this.#disposed.abort(disposed)
    this.#disposed = new AbortController()
    this.#fail(disposed)
    await worker?.terminate()
  }

  #session(
    session: number,
    name: string,
    isThere: () => boolean,
    release: () => Promise<void>,
  ): InferenceSession {
    let released: Promise<void> | undefined
    return {
      run: async (inputs, { signal } = {}) => {
        if (released) throw new InputError('input_disposed', `${name} was disposed. Load it again.`)
        signal?.throwIfAborted()
        if (!isThere()) {
          throw new BackendError('backend_failed', `The thread that held ${name} has ended. Load it again.`, {
            model: name,
          })
        }
        try {
          const reply = await abortable(this.#ask({ kind: 'run', session, inputs }), signal)
          return (reply as { outputs: Tensors }).outputs
        } catch (cause) {
          if (signal?.aborted || cause instanceof InputError) throw cause
          throw new BackendError(
            'backend_failed',
            `${this.name} failed on ${name}: ${(cause as Error).message}`,
            {
              model: name,
              cause,
            },
          )
        }
      },
      dispose: () => (released ??= release()),
    }
  }

  #ask(request: Unsent<OrtRequest>): Promise<OrtReply['ok']> {
    const worker = (this.#worker ??= this.#start())
    const id = ++this.#ids
    worker.ref()
    return new Promise((resolve, reject) => {
      this.#waiting.set(id, { resolve, reject })
      worker.postMessage({ ...request, id })
    })
  }

  #start(): Worker {
    // The runtime reads it when it is loaded; a worker's own process.env is a copy that the native side does not see.
    process.env['ORT_DISABLE_TELEMETRY'] = '1'
    const worker = startThread('ort', {
      workerData: { entry: this.#entry } satisfies OrtWorkerData,
      name: 'icthp-ort',
      execArgv: [],
    })
    worker.on('message', ({ id, ok, error }: OrtReply) => {
      const waiting = this.#waiting.get(id)
      this.#waiting.delete(id)
      // Not one that is being ended: somebody waits for its end.
      if (this.#waiting.size === 0 && this.#worker === worker) worker.unref()
      if (error) waiting?.reject(unpackError(error))
      else waiting?.resolve(ok)
    })
    worker.on('error', (error) => this.#lose(worker, error))
    worker.on('exit', (code) => this.#lose(worker, new Error(`the worker thread ended with code ${code}`)))
    return worker
  }

  #lose(worker: Worker, error: Error): void {
    if (this.#worker !== worker) return
    this.#worker = undefined
    this.#sessions = 0
    this.#fail(error)
  }

  #fail(error: Error): void {
    for (const { reject } of this.#waiting.values()) reject(error)
    this.#waiting.clear()
  }

  async #endIfIdle(): Promise<void> {
    if (this.#keepThread || this.#sessions > 0 || this.#waiting.size > 0) return
    const worker = this.#worker
    this.#worker = undefined
    await worker?.terminate()
  }
}

function pathOf(file: FileSource): string {
  if ('path' in file) return file.path
  throw new BackendError(
    'backend_failed',
    'onnxruntime-node loads models from disk; this one is in memory. Write it to a folder first.',
  )
}

function packageVersion(entry: string): string {
  for (let folder = dirname(entry); folder !== dirname(folder); folder = dirname(folder)) {
    if (basename(folder) === 'onnxruntime-node')
      return (JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8')) as { version: string }).version
  }
  return ''
}
