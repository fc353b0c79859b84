import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { basename, dirname, extname, join, resolve } from 'node:path'
import { BackendError, InputError } from '../../base/errors.ts'
import { abortable } from '../../base/waiting/abortable.ts'
import {
  type Device,
  DEVICES,
  type FileSource,
  type InferenceBackend,
  type InferenceSession,
  type LoadOptions,
  type ModelSource,
  type ProbedDevice,
} from '../backend.ts'
import { KnownDevices } from '../devices.ts'
import { guardSession, loadFailure } from '../guard-session.ts'
import { probeNodeDevice } from '../ort-node/ort-devices-node.ts'
import { probeModel, timeProduct } from '../probe-model.ts'
import { runTransformers, type TransformersApi, type TransformersModel } from './transformers-api.ts'

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
  readonly #devices = new KnownDevices()

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
    return this.#devices.probe(device, () =>
      probeNodeDevice(device, (candidate) => this.#time(candidate), process.platform),
    )
  }

  async load(source: ModelSource, { device, threads, signal }: LoadOptions): Promise<InferenceSession> {
    signal?.throwIfAborted()
    const { name } = source
    const { graph, externalData } = await source.files()
    signal?.throwIfAborted()
    const loading = (async () => {
      const path = 'path' in graph ? graph.path : unreadable(name)
      for (const part of externalData) requireBeside(path, part.name, part.file)
      return this.#load(path, device, threads)
    })()
    try {
      return this.#session(await abortable(loading, signal), name)
    } catch (cause) {
      // Nobody else will free a model that comes too late.
      loading.then(
        (late) => late.dispose(),
        () => {},
      )
      if (signal?.aborted) throw signal.reason
      throw loadFailure(cause, this.name, name, device)
    }
  }

  async dispose(): Promise<void> {
    this.#devices.forget()
  }

  #session(held: TransformersModel, model: string): InferenceSession {
    let running: Promise<unknown> = Promise.resolve()
    return guardSession({
      backend: this.name,
      model,
      run: (inputs) => {
        const run = runTransformers(this.#transformers, held, inputs)
        running = Promise.allSettled([running, run])
        return run
      },
      release: () => running.then(() => held.dispose()),
    })
  }

  /**
   * Any single-file model class loads any graph: its name goes in as `model_file_name`, and `fp32` adds no ending to
   * it. The config says only what the class needs to know, so that config.json need not be there.
   */
  async #load(path: string, device: Device, threads?: number): Promise<TransformersModel> {
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
    const folder = await mkdtemp(join(tmpdir(), 'icthp-probe-'))
    try {
      const path = join(folder, 'probe.onnx')
      await writeFile(path, probeModel())
      const session = this.#session(await this.#load(path, device), 'probe')
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

function unreadable(name: string): never {
  throw new BackendError(
    'backend_failed',
    `transformers loads models from disk; ${name} is in memory. Write it to a folder first.`,
  )
}

/** The runtime finds external data beside the graph only. */
function requireBeside(graph: string, name: string, file: FileSource): void {
  if ('path' in file && resolve(file.path) === resolve(dirname(graph), name)) return
  throw new Error(`its external data ${name} must lie beside it, in ${dirname(graph)}`)
}
