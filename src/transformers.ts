/**
 * icthp on an already installed `@huggingface/transformers` (4): its ONNX Runtime runs the towers, so that a program
 * that has it anyway needs no second one.
 */
import type {
  FileSource,
  InferenceBackend,
  InferenceSession,
  LoadOptions,
  ModelSource,
  ProbedDevice,
  Tensor,
  Tensors,
} from './backend/backend.ts'
import { type Device, DEVICES } from './backend/backend.ts'
import { probeNodeDevice } from './backend/ort-node/devices-node.ts'
import { probeModel, timeProduct } from './backend/probe-model.ts'
import { abortable } from './base/abortable.ts'
import { BackendError, InputError } from './base/errors.ts'

/** What is used of `@huggingface/transformers`: pass the module itself. */
export interface TransformersApi {
  readonly CLIPVisionModelWithProjection: {
    from_pretrained(folder: string, options: Record<string, unknown>): Promise<TransformersModel>
  }
  readonly Tensor: new (dtype: Tensor['dtype'], data: Tensor['data'], dims: number[]) => TransformersTensor
  readonly env: { readonly version: string }
}

export interface TransformersTensor {
  readonly type: string
  readonly dims: readonly number[]
  readonly data: unknown
  dispose(): void
}

export interface TransformersModel {
  (inputs: Record<string, TransformersTensor>): Promise<Record<string, TransformersTensor>>
  dispose(): Promise<unknown>
}

/**
 * Runs icthp's towers in `@huggingface/transformers`, in Node:
 *
 *     import * as transformers from '@huggingface/transformers'
 *     const hp = await HpScorer.fromPretrained('./models-out', { backend: new TransformersBackend(transformers) })
 *
 * It works on the thread that calls it, so the event loop stands still while a tower runs; `icthp/node`'s own backend
 * works in a thread of its own. ONNX Runtime's telemetry is off if ORT_DISABLE_TELEMETRY=1 is in the environment when
 * transformers is imported.
 */
export class TransformersBackend implements InferenceBackend {
  readonly name: string
  readonly #transformers: TransformersApi
  readonly #probes = new Map<Device, Promise<ProbedDevice>>()

  constructor(transformers: TransformersApi) {
    if (
      typeof transformers?.CLIPVisionModelWithProjection?.from_pretrained !== 'function' ||
      !transformers.env?.version
    ) {
      throw new InputError(
        'input_invalid_option',
        "Pass the module: `import * as transformers from '@huggingface/transformers'`, `new TransformersBackend(transformers)`.",
      )
    }
    this.#transformers = transformers
    this.name = `@huggingface/transformers ${transformers.env.version}`
  }

  async probe(device: Device): Promise<ProbedDevice> {
    if (device === 'cpu') return { device, notes: [] }
    const known = this.#probes.get(device)
    if (known) return known
    const probed = probeNodeDevice(device, (candidate) => this.#time(candidate), process.platform)
    this.#probes.set(device, probed)
    // What failed may be cured by the next time.
    probed.catch(() => this.#probes.delete(device))
    return probed
  }

  async load(source: ModelSource, { device, threads, signal }: LoadOptions): Promise<InferenceSession> {
    signal?.throwIfAborted()
    const { name } = source
    const { graph, externalData } = await source.files()
    signal?.throwIfAborted()
    const failed = (cause: unknown): never => {
      if (signal?.aborted) throw signal.reason
      throw new BackendError(
        'backend_failed',
        `${this.name} could not load ${name} on ${device}: ${(cause as Error).message}`,
        {
          model: name,
          device,
          cause,
        },
      )
    }
    const loading = (async () => {
      const path = 'path' in graph ? graph.path : unreadable(name)
      for (const part of externalData) await requireBeside(path, part.name, part.file)
      return this.#load(path, device, threads)
    })()
    // Nobody else will free a model that comes too late.
    const loaded = await abortable(loading, signal).catch((error: unknown) => {
      void loading.then(
        (late) => late.dispose(),
        () => {},
      )
      return failed(error)
    })
    return new TransformersSession(this.#transformers, loaded, name, this.name)
  }

  async dispose(): Promise<void> {
    this.#probes.clear()
  }

  /**
   * Any single-file model class loads any graph: its name goes in as `model_file_name`, and `fp32` adds no ending to
   * it. The config says only what the class needs to know, so that config.json need not be there.
   */
  async #load(path: string, device: Device, threads?: number): Promise<TransformersModel> {
    const { basename, dirname, extname } = await import('node:path')
    if (!DEVICES.includes(device) || device === 'auto')
      throw new Error(`probe the device first; ${device} cannot be loaded on`)
    if (extname(path) !== '.onnx')
      throw new Error(`transformers loads files that end in .onnx, not ${basename(path)}`)
    return this.#transformers.CLIPVisionModelWithProjection.from_pretrained(dirname(path), {
      config: { model_type: 'clip', architectures: ['CLIPVisionModelWithProjection'] },
      model_file_name: basename(path, '.onnx'),
      subfolder: '',
      dtype: 'fp32',
      device,
      local_files_only: true,
      session_options: { graphOptimizationLevel: 'all', ...(threads ? { intraOpNumThreads: threads } : {}) },
    })
  }

  /** Milliseconds of a small matrix product on a device; the best of three. */
  async #time(device: Device): Promise<number> {
    const [{ mkdtemp, rm, writeFile }, { tmpdir }, { join }] = await Promise.all([
      import('node:fs/promises'),
      import('node:os'),
      import('node:path'),
    ])
    const folder = await mkdtemp(join(tmpdir(), 'icthp-probe-'))
    try {
      const path = join(folder, 'probe.onnx')
      await writeFile(path, probeModel())
      const session = new TransformersSession(
        this.#transformers,
        await this.#load(path, device),
        'probe',
        this.name,
      )
      try {
        return await timeProduct((inputs) => session.run(inputs))
      } finally {
        await session.dispose()
      }
    } finally {
      await rm(folder, { recursive: true, force: true })
    }
  }
}

class TransformersSession implements InferenceSession {
  #disposing: Promise<void> | undefined
  #running: Promise<unknown> = Promise.resolve()

  constructor(
    private readonly transformers: TransformersApi,
    private readonly model: TransformersModel,
    private readonly name: string,
    private readonly backend: string,
  ) {}

  async run(
    inputs: Tensors,
    { signal }: { readonly signal?: AbortSignal | undefined } = {},
  ): Promise<Tensors> {
    if (this.#disposing) throw new InputError('input_disposed', `${this.name} was disposed. Load it again.`)
    signal?.throwIfAborted()
    const running = this.#run(inputs)
    this.#running = Promise.allSettled([this.#running, running])
    try {
      return await abortable(running, signal)
    } catch (cause) {
      if (signal?.aborted || cause instanceof BackendError) throw cause
      throw new BackendError(
        'backend_failed',
        `${this.backend} failed on ${this.name}: ${(cause as Error).message}`,
        {
          model: this.name,
          cause,
        },
      )
    }
  }

  async #run(inputs: Tensors): Promise<Tensors> {
    const { Tensor } = this.transformers
    const feeds = Object.fromEntries(
      Object.entries(inputs).map(([name, { dtype, data, dims }]) => [
        name,
        new Tensor(dtype, data, [...dims]),
      ]),
    )
    const results = await this.model(feeds)
    const outputs: Record<string, Tensor> = {}
    for (const [name, tensor] of Object.entries(results)) {
      const { type, dims } = tensor
      if (type !== 'float32' && type !== 'int64') {
        throw new BackendError(
          'backend_wrong_output',
          `Output ${name} is ${type}; icthp's graphs give float32 or int64.`,
          {
            name,
          },
        )
      }
      outputs[name] = { dtype: type, dims: [...dims], data: (tensor.data as Float32Array).slice() } as Tensor
      tensor.dispose()
    }
    return outputs
  }

  dispose(): Promise<void> {
    return (this.#disposing ??= this.#running.then(() => this.model.dispose()).then(() => {}))
  }
}

function unreadable(name: string): never {
  throw new BackendError(
    'backend_failed',
    `transformers loads models from disk; ${name} is in memory. Write it to a folder first.`,
  )
}

/** The runtime finds external data beside the graph only. */
async function requireBeside(graph: string, name: string, file: FileSource): Promise<void> {
  const { dirname, resolve } = await import('node:path')
  if ('path' in file && resolve(file.path) === resolve(dirname(graph), name)) return
  throw new Error(`its external data ${name} must lie beside it, in ${dirname(graph)}`)
}
