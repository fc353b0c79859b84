import { checkObject } from '../../base/check-object.ts'
import { BackendError, DeviceError, IcthpError, InputError } from '../../base/errors.ts'
import { Engine, type EngineOptions } from '../../worker/worker-client-web.ts'
import { GPU_SILENT } from '../../worker/worker-messages-web.ts'
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
import { probeWebDevice } from './devices-web.ts'
import type { OrtWebRequest, ProbeAnswer } from './ort-handler-web.ts'

/**
 * onnxruntime-web in a worker of its own, which starts with the first call. `dispose` ends it, and with it goes all its
 * memory, which WebAssembly gives back in no other way.
 */
export class OrtWebBackend implements InferenceBackend {
  readonly #engine: Engine
  readonly #owns: boolean
  readonly #probes = new Map<Device, Promise<ProbedDevice>>()
  #name = 'onnxruntime-web'
  #ids = 0

  /** With an engine, the backend runs there and leaves it to its owner. */
  constructor(options: EngineOptions | Engine = {}) {
    checkObject(options, 'OrtWebBackend')
    this.#owns = !(options instanceof Engine)
    this.#engine = options instanceof Engine ? options : new Engine(options)
  }

  get name(): string {
    return this.#name
  }

  probe(device: Device): Promise<ProbedDevice> {
    const known = this.#probes.get(device)
    if (known) return known
    const probed = probeWebDevice(device, async (candidate) => {
      const answer = await this.#tryDevice(candidate, device === 'auto')
      if (answer.version) this.#name = `onnxruntime-web ${answer.version}`
      return answer
    })
    this.#probes.set(device, probed)
    probed.catch(() => this.#probes.delete(device))
    return probed
  }

  async #tryDevice(device: Device, auto: boolean): Promise<ProbeAnswer> {
    try {
      return (await this.#engine.ask({ kind: 'probe', device, auto } satisfies OrtWebRequest)) as ProbeAnswer
    } catch (error) {
      if (!(error instanceof DeviceError && error.details[GPU_SILENT])) throw error
      // The next starts another worker. On the calling thread there is no way out.
      if (this.#engine.endWorker() || !auto) throw new Error(error.message, { cause: error })
      throw new DeviceError(
        'device_unavailable',
        `WebGPU cannot be used here: ${error.message}. Use device: 'wasm', or leave the worker on.`,
        { device, cause: error },
      )
    }
  }

  async load(model: ModelSource, { device, signal }: LoadOptions): Promise<InferenceSession> {
    signal?.throwIfAborted()
    const session = ++this.#ids
    const request: OrtWebRequest = {
      kind: 'load',
      session,
      device,
      model: blobOf(model.model),
      externalData: model.externalData.map(({ name, file }) => ({ name, blob: blobOf(file) })),
    }
    try {
      await this.#engine.ask(request, [], signal)
    } catch (cause) {
      void this.#release(session)
      if (signal?.aborted) throw signal.reason
      throw failed(cause, `${this.name} could not load ${model.name} on ${device}`, {
        model: model.name,
        device,
      })
    }
    let released: Promise<void> | undefined
    return {
      run: async (inputs, { signal } = {}) => {
        if (released) throw new InputError('input_disposed', `${model.name} was disposed. Load it again.`)
        signal?.throwIfAborted()
        try {
          return (await this.#engine.ask(
            { kind: 'run', session, inputs } satisfies OrtWebRequest,
            [],
            signal,
          )) as Tensors
        } catch (cause) {
          if (signal?.aborted) throw signal.reason
          throw failed(cause, `${this.name} failed on ${model.name}`, { model: model.name })
        }
      },
      dispose: () => (released ??= this.#release(session)),
    }
  }

  async dispose(): Promise<void> {
    if (this.#owns) await this.#engine.dispose()
  }

  async #release(session: number): Promise<void> {
    // A worker that has ended has freed everything.
    await this.#engine.ask({ kind: 'release', session } satisfies OrtWebRequest).catch(() => {})
  }
}

function failed(cause: unknown, what: string, details: Record<string, unknown>): Error {
  if (cause instanceof IcthpError) return cause
  return new BackendError('backend_failed', `${what}: ${(cause as Error).message}`, { ...details, cause })
}

function blobOf(file: FileSource): Blob {
  if ('blob' in file) return file.blob
  throw new BackendError(
    'backend_failed',
    `onnxruntime-web loads models from Blobs; ${file.path} is a path. Fetch it first.`,
    { path: file.path },
  )
}
