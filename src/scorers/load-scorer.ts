import { ModelError } from '../base/errors.ts'
import type { FileDigest } from '../hub/hub.ts'
import type { Dtype, ModelKind, ModelManifest, TowerName } from '../models/manifest.ts'
import type { Runtime } from '../runtime.ts'
import { type Choice, type OpenedModel, openModel } from './open-model.ts'
import type { ScorerInfo, ScorerOptions } from './scorer-options.ts'
import { testTower } from './test-tower.ts'
import { loadTower, type Tower } from './tower.ts'
import { VisionEncoder } from './vision-encoder.ts'

/** What both scorers are made of. */
export interface ScorerParts {
  readonly vision: VisionEncoder
  readonly info: ScorerInfo
  /** Disposed with the scorer, in order. */
  readonly owned: readonly { dispose(): Promise<void> }[]
}

/** {@link ScorerOptions}, and what is to be said already of how the model was chosen. */
export interface LoadOptions extends ScorerOptions {
  readonly notes?: readonly string[]
}

/** Loads one tower as it was chosen, and tests it. */
export type OpenTower = (name: TowerName) => Promise<Tower>

/**
 * Opens a model and loads its vision tower; `more` loads what else the kind needs. Where the user left device or
 * precision open and the best choice fails its self-test, the next is taken, and a note says so.
 */
export async function loadScorer<More extends { dispose(): Promise<void> }>(
  kind: ModelKind,
  given: string | URL,
  runtime: Runtime,
  options: LoadOptions,
  more: (manifest: ModelManifest, tower: OpenTower) => Promise<More | undefined>,
): Promise<ScorerParts & { readonly more: More | undefined }> {
  const source = given instanceof URL ? given.href : given
  const model = await openModel(kind, source, runtime, options)
  const notes = [...(options.notes ?? []), ...model.notes]
  const letGo = model.folder.hold?.()
  try {
    for (const [i, choice] of model.choices.entries()) {
      try {
        return await loadChoice(kind, source, runtime, options, model, choice, notes, more)
      } catch (error) {
        const failed = error instanceof ModelError && error.code === 'model_self_test_failed'
        const next = model.choices[i + 1]
        if (!failed || !next) throw error
        notes.push(
          `${choice.dtype} on ${choice.device} failed its self-test, so ${next.dtype} on ${next.device} was taken`,
        )
      }
    }
    throw new TypeError('openModel gives at least one choice')
  } finally {
    letGo?.()
  }
}

async function loadChoice<More extends { dispose(): Promise<void> }>(
  kind: ModelKind,
  source: string,
  runtime: Runtime,
  options: ScorerOptions,
  { folder, manifest, base }: OpenedModel,
  { device, dtype }: Choice,
  notes: readonly string[],
  more: (manifest: ModelManifest, tower: OpenTower) => Promise<More | undefined>,
): Promise<ScorerParts & { readonly more: More | undefined }> {
  const { threads, signal, onProgress, maxPixels, selfTest = true } = options
  const batchSize = options.batchSize ?? (device === 'cpu' || device === 'wasm' ? 2 : 8)
  const loaded: { dispose(): Promise<void> }[] = []
  const open: OpenTower = async (name) => {
    const tower = await loadTower(folder, base, manifest, name, {
      backend: runtime.backend,
      device,
      dtype,
      threads,
      signal,
      onProgress,
    })
    loaded.push(tower)
    if (selfTest) await testTower(tower, name, manifest, { device, dtype }, signal)
    return tower
  }
  try {
    await folder.expect?.(wantedFiles(manifest, base, dtype), { onProgress })
    const vision = new VisionEncoder({
      tower: await open('vision'),
      decoder: runtime.decoder,
      preprocess: manifest.preprocess,
      projectionDim: manifest.projectionDim,
      head: kind === 'hp',
      batchSize,
      maxPixels,
    })
    const second = await more(manifest, open)
    const info: ScorerInfo = {
      kind,
      model: manifest.name,
      source,
      origin: manifest.source,
      device,
      dtype,
      batchSize,
      backend: runtime.backend.name,
      decoder: runtime.decoder.name,
      notes: [...notes, ...(folder.notes ?? [])],
      ...(folder.revision === undefined ? {} : { revision: folder.revision }),
      ...(manifest.measured?.[dtype] ? { measured: manifest.measured[dtype] } : {}),
    }
    return { vision, info, owned: loaded, more: second }
  } catch (error) {
    await Promise.all(loaded.map((part) => part.dispose()))
    throw error
  }
}

/** All files of a precision, as paths in the model's folder. */
function wantedFiles(
  { towers, files }: ModelManifest,
  base: string,
  dtype: Dtype,
): Record<string, FileDigest> {
  const paths = Object.values(towers).flatMap((tower) => [
    ...(tower[dtype]?.externalData ?? []),
    ...(tower[dtype] ? [tower[dtype].model] : []),
  ])
  return Object.fromEntries(paths.map((path) => [base + path, files[path]!]))
}
