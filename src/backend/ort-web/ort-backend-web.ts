import { checkObject } from '../../base/check-object.ts'
import { BackendError, DeviceError } from '../../base/errors.ts'
import { WorkerClient, type WorkerClientOptions } from '../../worker/worker-client-web.ts'
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
import { KnownDevices } from '../devices.ts'
import { guardSession, loadFailure } from '../guard-session.ts'
import { probeWebDevice } from './ort-devices-web.ts'
import type { OrtWebRequest, ProbeAnswer } from './ort-handler-web.ts'

/**
 * onnxruntime-web in a worker of its own, which starts with the first call. `dispose` ends it, and with it goes all its
 * memory, which WebAssembly gives back in no other way.
 */
export class OrtWebBackend implements InferenceBackend {
  readonly #client: WorkerClient
  readonly #owns: boolean
  readonly #devices = new KnownDevices()
  #name = 'onnxruntime-web'
  #ids = 0

  /** With a client, the backend runs in its worker, and leaves it to its owner. */
  constructor(options: WorkerClientOptions | WorkerClient = {}) {
    checkObject(options, 'OrtWebBackend')
    this.#owns = !(options instanceof WorkerClient)
    this.#client = options instanceof WorkerClient ? options : new WorkerClient(options)
  }

  get name(): string {
    return this.#name
  }

  probe(device: Device): Promise<ProbedDevice> {
    return this.#devices.probe(device, () =>
      probeWebDevice(device, async (candidate) => {
        const answer = await this.#tryDevice(candidate, device === 'auto')
        if (answer.version) this.#name = `onnxruntime-web ${answer.version}`
        return answer
      }),
    )
  }

  async #tryDevice(device: Device, auto: boolean): Promise<ProbeAnswer> {
    try {
      return (await this.#client.ask({ kind: 'probe', device, auto } satisfies OrtWebRequest)) as ProbeAnswer
    } catch (error) {
      if (!(error instanceof DeviceError && error.details[GPU_SILENT])) throw error
      // The next starts another worker. On the calling thread there is no way out.
      if (this.#client.endWorker() || !auto) throw new Error(error.message, { cause: error })
      throw new DeviceError(
        'device_unavailable',
        `WebGPU cannot be used here: ${error.message}. Use device: 'wasm', or leave the worker on.`,
        { device, cause: error },
      )
    }
  }

  async load(model: ModelSource, { device, signal }: LoadOptions): Promise<InferenceSession> {
    signal?.throwIfAborted()
    const { graph, externalData } = await model.files()
    signal?.throwIfAborted()
    const session = ++this.#ids
    const request: OrtWebRequest = {
      kind: 'load',
      session,
      device,
      model: blobOf(graph),
      externalData: externalData.map(({ name, file }) => ({ name, blob: blobOf(file) })),
    }
    try {
      await this.#client.ask(request, [], signal)
    } catch (cause) {
      void this.#release(session)
      if (signal?.aborted) throw signal.reason
      throw loadFailure(cause, this.name, model.name, device)
    }
    return guardSession({
      backend: this.name,
      model: model.name,
      run: async (inputs) =>
        (await this.#client.ask({ kind: 'run', session, inputs } satisfies OrtWebRequest)) as Tensors,
      release: () => this.#release(session),
    })
  }

  async dispose(): Promise<void> {
    if (this.#owns) await this.#client.dispose()
  }

  async #release(session: number): Promise<void> {
    // A worker that has ended has freed everything.
    await this.#client.ask({ kind: 'release', session } satisfies OrtWebRequest).catch(() => {})
  }
}

function blobOf(file: FileSource): Blob {
  if ('blob' in file) return file.blob
  throw new BackendError(
    'backend_failed',
    `onnxruntime-web loads models from Blobs; ${file.path} is a path. Fetch it first.`,
    { path: file.path },
  )
}
