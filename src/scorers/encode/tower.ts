import type {
  Device,
  InferenceBackend,
  InferenceSession,
  ModelSource,
  Tensors,
} from '../../backend/backend.ts'
import { BackendError } from '../../base/errors.ts'
import type { OnProgress } from '../../base/progress.ts'
import type { ModelFolder } from '../../hub/hub.ts'
import type { TowerName } from '../../models/kinds.ts'
import type { Dtype, ModelManifest } from '../../models/manifest.ts'
import { TowerSource } from '../load/tower-source.ts'

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
  /** Awaited before a file is fetched. */
  readonly beforeFetch?: (() => Promise<void>) | undefined
}

/** Loads one tower. Its files are fetched and checked if the backend asks for them; `beforeFetch` comes before the first. */
export async function loadTower(
  folder: ModelFolder,
  base: string,
  manifest: ModelManifest,
  tower: TowerName,
  options: LoadTowerOptions,
): Promise<Tower> {
  const { backend, device, dtype, threads, signal, onProgress, beforeFetch } = options
  const name = `${manifest.name} ${tower} (${dtype})`
  const report = (loaded: number): void =>
    onProgress?.({ stage: 'load', item: name, loaded, total: 1, unit: 'files' })
  const towerFiles = new TowerSource(manifest.towers[tower]![dtype]!, async (path) => {
    await beforeFetch?.()
    return folder.file(base + path, manifest.files[path]!, { signal, onProgress })
  })
  const source: ModelSource = {
    name,
    tower: `${manifest.kind}_${tower}`,
    files: async () => {
      const files = await towerFiles.files()
      report(0)
      return files
    },
  }
  const loading = backend.load(source, { device, threads, signal })
  const ended = loading.then(
    (session) => () => session.dispose(),
    () => async () => {},
  )
  const letGo = await ended
  try {
    await towerFiles.settled()
  } catch (error) {
    await letGo()
    throw error
  }
  const session = await loading
  report(1)
  return new Tower(name, session)
}
