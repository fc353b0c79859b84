import { mkdir, rm } from 'node:fs/promises'
import { join } from 'node:path'
import type { InferenceBackend, InferenceSession, Tensor, Tensors } from '../../backend/backend.ts'
import type { Dtype } from '../../models/manifest.ts'
import { VERSION } from '../../version.ts'
import type { TowerGraph } from '../graph/graph-builder.ts'
import type { LogicalWeight } from '../graph/tower-weights.ts'
import { writeTower } from '../write/write-tower.ts'

export type FloatTensor = Extract<Tensor, { dtype: 'float32' }>

/** Runs small graphs one after the other: each is written to a scratch folder, loaded, run and removed. */
export class LayerRunner {
  #count = 0

  constructor(private readonly backend: InferenceBackend, private readonly scratch: string, private readonly threads?: number) {}

  /** Runs `graph` on each of `inputs`; the outputs are handed to `see` as they come. */
  async run(graph: TowerGraph, weights: readonly LogicalWeight[], inputs: readonly Tensors[], see: (outputs: Tensors, index: number) => void, signal?: AbortSignal): Promise<void> {
    const folder = join(this.scratch, `${this.#count++}`)
    await mkdir(join(folder, 'onnx'), { recursive: true })
    let session: InferenceSession | undefined
    try {
      const dtype: Dtype = 'fp32'
      const needed = new Set(graph.weights.map(({ key }) => key))
      const { towers } = await writeTower({
        folder, tower: 'vision', graphs: new Map([[dtype, graph]]), weights: weights.filter(({ key }) => needed.has(key)), version: VERSION, signal, durable: false,
      })
      const { model, externalData } = towers[dtype]!
      session = await this.backend.load({
        name: graph.name,
        model: { path: join(folder, model) },
        externalData: externalData.map((path) => ({ name: path.split('/').pop()!, file: { path: join(folder, path) } })),
      }, { device: 'cpu', threads: this.threads, signal })
      for (const [index, input] of inputs.entries()) see(await session.run(input, { signal }), index)
    } finally {
      await session?.dispose()
      await rm(folder, { recursive: true, force: true })
    }
  }
}
