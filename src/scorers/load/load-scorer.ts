import { isCpu } from '../../backend/devices.ts'
import { ModelError } from '../../base/errors.ts'
import type { FileDigest } from '../../hub/hub.ts'
import { type RewardKind, type TowerName, towersOf } from '../../models/kinds.ts'
import type { Dtype, ModelManifest } from '../../models/manifest.ts'
import type { Runtime } from '../../runtime.ts'
import { ClipTokenizer } from '../../text/clip-tokenizer.ts'
import { TextEncoder } from '../encode/text-encoder.ts'
import { loadTower, type Tower } from '../encode/tower.ts'
import { VisionEncoder } from '../encode/vision-encoder.ts'
import type { ScorerInfo, ScorerOptions } from '../scorer-options.ts'
import { type Choice, type OpenedModel, openModel } from './open-model.ts'
import { testTower } from './test-tower.ts'

/** What every scorer is made of. */
export interface ScorerParts {
  readonly vision: VisionEncoder
  readonly info: ScorerInfo
  /** Disposed with the scorer, in order. */
  readonly owned: readonly { dispose(): Promise<void> }[]
}

/** What was loaded; the text tower where the kind takes a prompt. */
export interface LoadedParts extends ScorerParts {
  readonly text?: TextEncoder
}

/** {@link ScorerOptions}, and what is to be said already of how the model was chosen. */
export interface LoadOptions extends ScorerOptions {
  readonly notes?: readonly string[]
}

/**
 * Opens a model and loads the towers that its kind has. Where the user left device or precision open and the best choice
 * fails its self-test, the next is taken, and a note says so.
 */
export async function loadScorer(
  kind: RewardKind,
  given: string | URL,
  runtime: Runtime,
  options: LoadOptions,
): Promise<LoadedParts> {
  const source = given instanceof URL ? given.href : given
  const model = await openModel(kind, source, runtime, options)
  const notes = [...(options.notes ?? []), ...model.notes]
  const letGo = model.folder.hold?.()
  try {
    for (const [i, choice] of model.choices.entries()) {
      try {
        return await loadChoice(kind, source, runtime, options, model, choice, notes)
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

async function loadChoice(
  kind: RewardKind,
  source: string,
  runtime: Runtime,
  options: ScorerOptions,
  opened: OpenedModel,
  { device, dtype }: Choice,
  notes: readonly string[],
): Promise<LoadedParts> {
  const { folder, manifest, base } = opened
  const { threads, signal, onProgress, maxPixels, selfTest = true } = options
  const batchSize = options.batchSize ?? (isCpu(device) ? 2 : 8)
  const loaded: { dispose(): Promise<void> }[] = []
  let expected: Promise<void> | undefined
  // Only where the backend asks for files: one that runs the towers elsewhere asks for none.
  const beforeFetch = async (): Promise<void> =>
    (expected ??= Promise.resolve(folder.expect?.(wantedFiles(manifest, base, dtype), { onProgress })))
  const open = async (name: TowerName): Promise<Tower> => {
    const tower = await loadTower(folder, base, manifest, name, {
      backend: runtime.backend,
      device,
      dtype,
      threads,
      signal,
      onProgress,
      beforeFetch,
    })
    loaded.push(tower)
    if (selfTest) await testTower(tower, name, manifest, { device, dtype }, signal)
    return tower
  }
  try {
    const vision = new VisionEncoder({
      tower: await open('vision'),
      decoder: runtime.decoder,
      preprocess: manifest.preprocess,
      projectionDim: manifest.projectionDim,
      head: !kind.takesPrompt,
      batchSize,
      maxPixels,
    })
    const text = towersOf(kind).includes('text')
      ? new TextEncoder(tokenizerOf(manifest), await open('text'), manifest.projectionDim)
      : undefined
    const info = infoOf(kind, source, runtime, opened, { device, dtype }, batchSize, notes)
    return { vision, info, owned: loaded, ...(text ? { text } : {}) }
  } catch (error) {
    await Promise.all(loaded.map((part) => part.dispose()))
    throw error
  }
}

function infoOf(
  kind: RewardKind,
  source: string,
  runtime: Runtime,
  { folder, manifest }: OpenedModel,
  { device, dtype }: Choice,
  batchSize: number,
  notes: readonly string[],
): ScorerInfo {
  return {
    kind: kind.name,
    model: manifest.name,
    source,
    origin: manifest.source,
    ...(manifest.checksum === undefined ? {} : { digest: manifest.checksum }),
    device,
    dtype,
    batchSize,
    backend: runtime.backend.name,
    decoder: runtime.decoder.name,
    notes: [...notes, ...(folder.notes ?? [])],
    ...(folder.revision === undefined ? {} : { revision: folder.revision }),
    ...(manifest.measured?.[dtype] ? { measured: manifest.measured[dtype] } : {}),
  }
}

const tokenizerOf = ({ contextLength }: ModelManifest): ClipTokenizer =>
  new ClipTokenizer(contextLength === undefined ? {} : { contextLength })

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
