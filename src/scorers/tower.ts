import type { Device, InferenceBackend, InferenceSession, Tensors } from '../backend/backend.ts'
import { BackendError } from '../base/errors.ts'
import type { OnProgress } from '../base/progress.ts'
import type { ModelFolder } from '../hub/hub.ts'
import type { TowerName } from '../models/kinds.ts'
import type { Dtype, ModelManifest } from '../models/manifest.ts'

/** One loaded graph whose answers are checked: right shape, no NaN, no infinity. */
export class Tower {
  constructor(
    readonly name: string,
    private readonly session: InferenceSession,
  ) {}

  /** Runs the graph; each of `expected` must come back as float32 of these dims. Throws `BackendError`. */
  async run(
    inputs: Tensors,
    expected: Readonly<Record<string, readonly number[]>>,
    signal?: AbortSignal,
  ): Promise<Record<string, Float32Array>> {
    const outputs = await this.session.run(inputs, { signal })
    const checked: Record<string, Float32Array> = {}
    for (const [name, dims] of Object.entries(expected)) {
      const tensor = outputs[name]
      const size = dims.reduce((product, dim) => product * dim, 1)
      if (tensor?.dtype !== 'float32' || tensor.dims.join() !== dims.join() || tensor.data.length !== size) {
        throw new BackendError(
          'backend_wrong_output',
          `${this.name} should give ${name} as float32 [${dims}], but the backend gave ` +
            `${tensor ? `${tensor.dtype} [${tensor.dims}]` : `only ${Object.keys(outputs).join(', ') || 'nothing'}`}. ` +
            'If the backend is your own, run backendConformance of icthp/testing on it.',
          { name, expected: dims, got: tensor?.dims },
        )
      }
      if (!tensor.data.every(Number.isFinite)) {
        throw new BackendError(
          'backend_nan',
          `${this.name} gave NaN or infinity in ${name}: the device overflows or computes nonsense. ` +
            "Use dtype: 'fp32', or device: 'cpu'.",
          { name },
        )
      }
      checked[name] = tensor.data
    }
    return checked
  }

  dispose(): Promise<void> {
    return this.session.dispose()
  }
}

export interface LoadTowerOptions {
  readonly backend: InferenceBackend
  readonly device: Device
  readonly dtype: Dtype
  readonly threads?: number | undefined
  readonly signal?: AbortSignal | undefined
  readonly onProgress?: OnProgress | undefined
}

/** Fetches and checks the files of one tower, then loads it. */
export async function loadTower(
  folder: ModelFolder,
  base: string,
  manifest: ModelManifest,
  tower: TowerName,
  options: LoadTowerOptions,
): Promise<Tower> {
  const { backend, device, dtype, threads, signal, onProgress } = options
  const files = manifest.towers[tower]![dtype]!
  const fetch = (path: string): ReturnType<ModelFolder['file']> =>
    folder.file(base + path, manifest.files[path]!, { signal, onProgress })
  const name = `${manifest.name} ${tower} (${dtype})`
  const externalData = await Promise.all(
    files.externalData.map(async (path) => ({ name: path.split('/').pop()!, file: await fetch(path) })),
  )
  const model = await fetch(files.model)
  // A graph is a program: it is not handed over before it is known to be the right one. Its data may still be hashed.
  await model.checked
  onProgress?.({ stage: 'load', item: name, loaded: 0, total: 1, unit: 'files' })
  const loading = backend.load({ name, model, externalData }, { device, threads, signal })
  loading.catch(() => {})
  try {
    await Promise.all(externalData.map(({ file }) => file.checked))
  } catch (error) {
    await loading.then(
      (session) => session.dispose(),
      () => {},
    )
    throw error
  }
  const session = await loading
  onProgress?.({ stage: 'load', item: name, loaded: 1, total: 1, unit: 'files' })
  return new Tower(name, session)
}
