import type { ModelKind } from '../models/manifest.ts'
import type { Runtime } from '../runtime.ts'
import { openModel, type OpenedModel } from './open-model.ts'
import type { ScorerInfo, ScorerOptions } from './scorer-options.ts'
import { loadTower, type Tower } from './tower.ts'
import { VisionEncoder } from './vision-encoder.ts'

/** What both scorers are made of. */
export interface ScorerParts {
  readonly vision: VisionEncoder
  readonly info: ScorerInfo
  /** Disposed with the scorer, in order. */
  readonly owned: readonly { dispose(): Promise<void> }[]
}

/** Opens a model and loads its vision tower; `more` loads what else the kind needs. */
export async function loadScorer<More extends { dispose(): Promise<void> }>(
  kind: ModelKind,
  source: string,
  runtime: Runtime,
  options: ScorerOptions,
  more: (model: OpenedModel, tower: (name: 'vision' | 'text') => Promise<Tower>) => Promise<More | undefined>,
): Promise<ScorerParts & { readonly more: More | undefined }> {
  const model = await openModel(kind, source, runtime, options)
  const { folder, manifest, base, probed, dtype } = model
  const { threads, signal, onProgress, maxPixels } = options
  const batchSize = options.batchSize ?? (probed.device === 'cpu' || probed.device === 'wasm' ? 4 : 8)
  const tower = (name: 'vision' | 'text'): Promise<Tower> =>
    loadTower(folder, base, manifest, name, { backend: runtime.backend, device: probed.device, dtype, threads, signal, onProgress })
  const loaded: { dispose(): Promise<void> }[] = []
  try {
    const visionTower = await tower('vision')
    loaded.push(visionTower)
    const vision = new VisionEncoder({
      tower: visionTower, decoder: runtime.decoder, preprocess: manifest.preprocess, projectionDim: manifest.projectionDim,
      head: kind === 'hp', batchSize, maxPixels,
    })
    const second = await more(model, tower)
    if (second) loaded.push(second)
    const info: ScorerInfo = {
      kind, model: manifest.name, source, origin: manifest.source, device: probed.device, dtype, batchSize,
      backend: runtime.backend.name, decoder: runtime.decoder.name, notes: probed.notes,
      ...(folder.revision === undefined ? {} : { revision: folder.revision }),
    }
    return { vision, info, owned: loaded, more: second }
  } catch (error) {
    await Promise.all(loaded.map((part) => part.dispose()))
    throw error
  }
}
