import { rm, writeFile } from 'node:fs/promises'
import { availableParallelism } from 'node:os'
import { join } from 'node:path'
import type { InferenceBackend, Tensor, Tensors } from '../../backend/backend.ts'
import { modelOfFiles } from '../../backend/model-of-files.ts'
import { makeFolder } from '../../base/files/make-folder-node.ts'
import { VERSION } from '../../base/version.ts'
import { encodeModel } from '../../onnx/onnx-model.ts'
import type { TowerGraph } from '../graph/graph-builder.ts'
import type { LogicalWeight } from '../graph/tower-weights.ts'
import type { WeightPool } from '../graph/weight-pool.ts'
import type { ArrivingWeights } from '../write/arriving-weights.ts'
import { writeTower } from '../write/write-tower.ts'

export type FloatTensor = Extract<Tensor, { dtype: 'float32' }>

/** Where a small graph's weights come from: the checkpoint, or a float32 tower that is being written. */
export type WeightSource =
  | { readonly weights: readonly LogicalWeight[] }
  | { readonly arriving: ArrivingWeights; readonly folder: string }

/** Threads, where the other cores write and hash what comes next. */
const BESIDE = Math.max(1, availableParallelism() >> 1)

/** Runs small graphs one after the other on the CPU: each is written, loaded, run and removed, so that memory stays small. */
export class LayerRunner {
  #count = 0

  /** `scratch`: a folder that the caller removes. */
  constructor(
    private readonly backend: InferenceBackend,
    private readonly scratch: string,
    private readonly pool: WeightPool,
  ) {}

  /** Runs `graph` on each of `inputs`; the outputs are handed to `see` as they come. */
  async run(
    graph: TowerGraph,
    source: WeightSource,
    inputs: readonly Tensors[],
    see: (outputs: Tensors, index: number) => void,
    signal?: AbortSignal,
  ): Promise<void> {
    const { path, remove } =
      'weights' in source
        ? await this.#write(graph, source.weights, signal)
        : await this.#pointInto(graph, source)
    const threads = 'arriving' in source ? BESIDE : undefined
    try {
      const session = await this.backend.load(modelOfFiles(graph.name, { path }), {
        device: 'cpu',
        once: inputs.length === 1,
        threads,
        signal,
      })
      try {
        for (const [index, input] of inputs.entries()) see(await session.run(input, { signal }), index)
      } finally {
        await session.dispose()
      }
    } finally {
      await remove()
    }
  }

  async #write(
    graph: TowerGraph,
    weights: readonly LogicalWeight[],
    signal: AbortSignal | undefined,
  ): Promise<{ path: string; remove: () => Promise<void> }> {
    const folder = join(this.scratch, `${this.#count++}`)
    await makeFolder(join(folder, 'onnx'))
    const needed = new Set(graph.weights.map(({ key }) => key))
    const { towers, settled } = await writeTower({
      folder,
      tower: 'vision',
      graphs: new Map([['fp32', graph]]),
      weights: weights.filter(({ key }) => needed.has(key)),
      pool: this.pool,
      version: VERSION,
      signal,
    })
    await settled()
    return {
      path: join(folder, towers.fp32!.model),
      remove: () => rm(folder, { recursive: true, force: true }),
    }
  }

  /** A graph without data of its own, beside the tower's data and pointing into it. */
  async #pointInto(
    graph: TowerGraph,
    { arriving, folder }: Extract<WeightSource, { folder: string }>,
  ): Promise<{ path: string; remove: () => Promise<void> }> {
    const used = await arriving.all(graph.weights.flatMap(({ tensors }) => tensors.map(({ name }) => name)))
    const path = join(folder, 'onnx', `segment-${this.#count++}.onnx`)
    await writeFile(
      path,
      encodeModel(
        { ...graph, initializers: [...graph.constants, ...used] },
        { name: 'icthp', version: VERSION },
      ),
    )
    return { path, remove: () => rm(path, { force: true }) }
  }
}
