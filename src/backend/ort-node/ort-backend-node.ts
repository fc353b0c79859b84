import { dirname, resolve } from 'node:path'
import type { Worker } from 'node:worker_threads'
import { checkObject } from '../../base/check-object.ts'
import { BackendError, DeviceError, InputError } from '../../base/errors.ts'
import { isGivenAway } from '../../base/memory/given-away.ts'
import { movable } from '../../base/memory/movable-node.ts'
import { PendingCalls } from '../../base/pending-calls.ts'
import { abortable } from '../../base/waiting/abortable.ts'
import { versionAt } from '../../worker/package-version-node.ts'
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
import { KnownDevices } from '../devices.ts'
import { guardSession, loadFailure } from '../guard-session.ts'
import { NativeTurn } from './native-turn.ts'
import { probeNodeDevice } from './ort-devices-node.ts'
import type { OrtAnswer, OrtReply, OrtRequest, OrtWorkerData } from './ort-messages-node.ts'
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
  #turn = new NativeTurn()
  readonly #calls = new PendingCalls<OrtAnswer>()
  readonly #devices = new KnownDevices()
  #sessions = 0
  #ids = 0

  /** Throws `DeviceError` `runtime_missing` where onnxruntime-node is not installed. */
  constructor(options: OrtNodeOptions = {}) {
    checkObject(options, 'OrtNodeBackend')
    const { keepThread = false, tryCpu = false } = options
    this.#keepThread = keepThread
    this.#tryCpu = tryCpu
    try {
      this.#entry = resolvePackage('onnxruntime-node')
      this.name = `onnxruntime-node ${versionAt(this.#entry, 'onnxruntime-node') ?? ''}`
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
    // The CPU is always there; starting a session to see it would only cost time.
    if (device === 'cpu' && !this.#tryCpu) return Promise.resolve({ device, notes: [] })
    return this.#devices.probe(device, () => {
      const probed = probeNodeDevice(device, this.#tryDevice, process.platform)
      probed.catch(() => {}).finally(() => this.#endIfIdle())
      return probed
    })
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
    const { graph, externalData } = await model.files()
    signal?.throwIfAborted()
    const path = pathOf(graph)
    for (const part of externalData) {
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
      throw loadFailure(cause, this.name, model.name, device)
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
    this.#calls.fail(disposed)
    if (worker) await stop(worker, this.#turn)
  }

  #session(
    session: number,
    name: string,
    isThere: () => boolean,
    release: () => Promise<void>,
  ): InferenceSession {
    return guardSession({
      backend: this.name,
      model: name,
      run: async (inputs) => {
        if (!isThere()) {
          throw new BackendError('backend_failed', `The thread that held ${name} has ended. Load it again.`, {
            model: name,
          })
        }
        const given = Object.values(inputs).flatMap(({ data }) => (isGivenAway(data) ? [data] : []))
        const answer = await this.#ask({ kind: 'run', session, inputs }, movable(given))
        return (answer as { outputs: Tensors }).outputs
      },
      release,
    })
  }

  #ask(request: Unsent<OrtRequest>, moved: readonly ArrayBuffer[] = []): Promise<OrtAnswer> {
    const worker = (this.#worker ??= this.#start())
    worker.ref()
    return this.#calls.ask((id) => worker.postMessage({ ...request, id }, moved))
  }

  #start(): Worker {
    // The runtime reads it when it is loaded; a worker's own process.env is a copy that the native side does not see.
    process.env['ORT_DISABLE_TELEMETRY'] = '1'
    const turn = (this.#turn = new NativeTurn())
    const worker = startThread('ort', {
      workerData: { entry: this.#entry, turn: turn.memory } satisfies OrtWorkerData,
      name: 'icthp-ort',
      execArgv: [],
    })
    if (turns.size === 0) process.once('exit', endAll)
    turns.add(turn)
    worker.on('message', (reply: OrtReply) => {
      this.#calls.settle(reply)
      // Not one that is being ended: somebody waits for its end.
      if (this.#calls.size === 0 && this.#worker === worker) worker.unref()
    })
    worker.on('error', (error) => this.#lose(worker, error))
    worker.on('exit', (code) => {
      turns.delete(turn)
      if (turns.size === 0) process.off('exit', endAll)
      this.#lose(worker, new Error(`the worker thread ended with code ${code}`))
    })
    return worker
  }

  #lose(worker: Worker, error: Error): void {
    if (this.#worker !== worker) return
    this.#worker = undefined
    this.#sessions = 0
    this.#calls.fail(error)
  }

  async #endIfIdle(): Promise<void> {
    if (this.#keepThread || this.#sessions > 0 || this.#calls.size > 0) return
    const worker = this.#worker
    this.#worker = undefined
    if (worker) await stop(worker, this.#turn)
  }
}

/** Of the threads that there are, so that a process that exits leaves none within a call. */
const turns = new Set<NativeTurn>()
const endAll = (): void => {
  for (const turn of turns) turn.endNow()
}

/** Ends the thread, after the call that it is in. */
function stop(worker: Worker, turn: NativeTurn): Promise<unknown> {
  if (!turn.end()) return worker.terminate()
  worker.ref()
  return new Promise((resolve) => worker.once('exit', resolve))
}

function pathOf(file: FileSource): string {
  if ('path' in file) return file.path
  throw new BackendError(
    'backend_failed',
    'onnxruntime-node loads models from disk; this one is in memory. Write it to a folder first.',
  )
}
