import { rm, writeFile } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import type { InferenceBackend } from '../backend/backend.ts'
import type { OnProgress } from '../base/progress.ts'
import { VERSION } from '../base/version.ts'
import type { FileDigest } from '../hub/hub.ts'
import type { PreprocessConfig } from '../image/preprocess.ts'
import { kindNamed, type ModelKind, type TowerName } from '../models/kinds.ts'
import {
  type Dtype,
  DTYPE_SUFFIX,
  MANIFEST_FORMAT,
  MANIFEST_NAME,
  type ModelManifest,
  sealManifest,
} from '../models/manifest.ts'
import type { OnnxInitializer } from '../onnx/onnx-model.ts'
import type { ClipConfig } from './clip-config.ts'
import { textTower, visionTower } from './graph/clip-towers.ts'
import type { TowerGraph } from './graph/graph-builder.ts'
import { type FindTensor, type LogicalWeight, wholeLayerWeights } from './graph/tower-weights.ts'
import type { WeightPool } from './graph/weight-pool.ts'
import { hubConfig, preprocessorConfig } from './hub-files.ts'
import { calibrate, type CalibratedPlan } from './quantise/calibrate.ts'
import type { CalibrationData } from './quantise/calibration-data.ts'
import { LayerRunner, type WeightSource } from './quantise/layer-runner.ts'
import { precisionOf } from './quantise/precisions.ts'
import { selfTestAnswer } from './self-test-answer.ts'
import { tokenizerFiles } from './tokenizer-files.ts'
import { ArrivingWeights } from './write/arriving-weights.ts'
import type { Digester } from './write/digester.ts'
import { ModelPlace } from './write/model-place.ts'
import { asOutputError } from './write/output-error.ts'
import { digestOf, writeTower } from './write/write-tower.ts'

/** Windows lets nobody map a file that is open for writing. */
const MAPS_WHAT_IS_WRITTEN = process.platform !== 'win32'

/** What is written of one model, once its checkpoint is open and its keys are checked. */
export interface ModelParts {
  readonly kind: ModelKind
  readonly name: string
  readonly config: ClipConfig
  readonly preprocess: PreprocessConfig
  readonly weights: Partial<Record<TowerName, readonly LogicalWeight[]>>
  readonly find: FindTensor
  readonly source: ModelManifest['source']
}

export interface WriteModelOptions {
  /** Where the model's folder (`ict` or `hp`) goes. */
  readonly out: string
  readonly dtypes: readonly Dtype[]
  /** Runs the tower's layers on the CPU: for the answer of the load-time self-test, and for calibration. */
  readonly backend: InferenceBackend
  readonly digester: Digester
  readonly pool: WeightPool
  /** Needed for all but fp32 and fp16. */
  readonly calibration?: CalibrationData | undefined
  readonly signal?: AbortSignal | undefined
  readonly onProgress?: OnProgress | undefined
  /** Called when the pool and the checkpoint are needed no more. */
  readonly onWritten: () => void
}

/**
 * Writes a model's folder beside its place and moves it there when it is whole, so that a run that was ended leaves
 * nothing that loads. What an earlier run left half done is removed. Throws `OutputError` where it cannot be written.
 */
export async function writeModel(parts: ModelParts, options: WriteModelOptions): Promise<ModelManifest> {
  const place = await ModelPlace.open(resolve(options.out, parts.kind), options.signal)
  try {
    const manifest = await writeInto(place.partial, parts, options)
    await place.commit()
    return manifest
  } catch (cause) {
    throw asOutputError(cause, place.place)
  } finally {
    await place.close()
  }
}

async function writeInto(
  folder: string,
  parts: ModelParts,
  { dtypes, backend, digester, pool, calibration, signal, onProgress, onWritten }: WriteModelOptions,
): Promise<ModelManifest> {
  const { kind, name, config, preprocess, weights, source } = parts
  const sizes = Object.values(weights)
    .flat()
    .map(({ dims }) => dims.reduce((a, b) => a * b, 1))
  const total = 4 * sizes.reduce((sum, size) => sum + size, 0)
  pool.reserve(sizes)
  let loaded = 0
  const { takesPrompt } = kindNamed(kind)
  const towers: Partial<Record<TowerName, NonNullable<ModelManifest['towers'][TowerName]>>> = {}
  const files: Record<string, FileDigest> = {}
  const settling: Promise<unknown>[] = []
  const runner = new LayerRunner(backend, join(folder, 'scratch'), pool)
  const selfTest: Partial<Record<TowerName, readonly number[]>> = {}
  let testing: Promise<unknown> = Promise.resolve()
  const plans: Partial<Record<TowerName, CalibratedPlan>> = {}
  try {
    for (const tower of ['vision', 'text'] as const) {
      const list = weights[tower]
      if (!list) continue
      if (calibration)
        plans[tower] = await calibrateTower(tower, runner, parts, dtypes, calibration, signal, onProgress)
      const graphs = new Map<Dtype, TowerGraph>(
        dtypes.map((dtype) => {
          const precision = precisionOf(dtype, tower, plans[tower])
          return [
            dtype,
            tower === 'vision' ? visionTower(config, precision, !takesPrompt) : textTower(config, precision),
          ]
        }),
      )
      // The self-test follows the float32 tower while it is written; else it reads the checkpoint, and needs the pool, too.
      const arriving = graphs.has('fp32') ? new ArrivingWeights() : undefined
      const test = (from: WeightSource): void => {
        testing = testing.then(
          async () => (selfTest[tower] = await selfTestAnswer(tower, config, from, runner, signal)),
        )
        testing.catch(() => {})
      }
      if (arriving) test({ arriving, folder })
      const closed: OnnxInitializer[] = []
      const written = await writeTower({
        folder,
        tower,
        graphs,
        weights: list,
        pool,
        version: VERSION,
        signal,
        digester,
        onStored(dtype, tensors) {
          if (dtype !== 'fp32') return
          if (MAPS_WHAT_IS_WRITTEN) arriving?.add(tensors)
          else closed.push(...tensors)
        },
        onWeight: (bytes) =>
          onProgress?.({
            stage: 'write',
            item: `${name} ${tower}`,
            loaded: (loaded += bytes),
            total,
            unit: 'bytes',
          }),
      }).catch((error: unknown) => {
        arriving?.fail(error)
        throw error
      })
      towers[tower] = written.towers
      const settled = written.settled()
      settling.push(settled.then((digests) => Object.assign(files, digests)))
      settling.at(-1)!.catch(() => {})
      settled.then(
        () => arriving?.add(closed),
        (error: unknown) => arriving?.fail(error),
      )
      if (!arriving) {
        test({ weights: untilLast(tower, parts) })
        await testing
      }
    }
    onWritten()
  } finally {
    await testing.catch(() => {})
  }
  await testing
  await rm(join(folder, 'scratch'), { recursive: true, force: true })
  const small: Record<string, string> = {
    'config.json': hubConfig(kind, config, partCounts(towers)),
    'preprocessor_config.json': preprocessorConfig(preprocess),
    ...(takesPrompt ? tokenizerFiles() : {}),
  }
  for (const [path, text] of Object.entries(small)) {
    await writeFile(join(folder, path), text)
    files[path] = digestOf(text)
  }
  // The digests come in as the disk takes in the files.
  await Promise.all(settling)
  const manifest = sealManifest({
    format: MANIFEST_FORMAT,
    kind,
    name,
    library: VERSION,
    source,
    preprocess,
    projectionDim: config.projectionDim,
    ...(takesPrompt ? { contextLength: config.text.maxPositions } : {}),
    towers,
    selfTest,
    files,
    ...(calibration
      ? { calibration: { data: calibration.source, ...mapValues(plans, ({ layers }) => layers) } }
      : {}),
  })
  await writeFile(join(folder, MANIFEST_NAME), `${JSON.stringify(manifest, null, 2)}\n`)
  return manifest
}

/** Weights for following a tower layer by layer: whole layers, and the last as the tower has it. */
function untilLast(tower: TowerName, { config, weights, find }: ModelParts): LogicalWeight[] {
  const whole = Array.from({ length: config[tower].layers - 1 }, (_, i) =>
    wholeLayerWeights(tower, config, i, find),
  ).flat()
  const keys = new Set(whole.map(({ key }) => key))
  return [...whole, ...weights[tower]!.filter(({ key }) => !keys.has(key))]
}

function calibrateTower(
  tower: TowerName,
  runner: LayerRunner,
  { name, config, weights, find }: ModelParts,
  dtypes: readonly Dtype[],
  data: CalibrationData,
  signal: AbortSignal | undefined,
  onProgress: OnProgress | undefined,
): Promise<CalibratedPlan> {
  return calibrate({
    tower,
    config,
    find,
    weights: weights[tower]!,
    inputs: data[tower],
    runner,
    signal,
    tryInt8: tower === 'vision' && dtypes.includes('int8'),
    onLayer: (layer) =>
      onProgress?.({
        stage: 'calibrate',
        item: `${name} ${tower}`,
        loaded: layer + 1,
        total: config[tower].layers,
        unit: 'layers',
      }),
  })
}

function mapValues<T, U>(
  record: Partial<Record<TowerName, T>>,
  map: (value: T) => U,
): Partial<Record<TowerName, U>> {
  return Object.fromEntries(Object.entries(record).map(([key, value]) => [key, map(value)]))
}

/** Data files a graph, as transformers.js wants to know them. */
function partCounts(towers: ModelManifest['towers']): Record<string, number> {
  const counts: Record<string, number> = {}
  for (const [tower, precisions] of Object.entries(towers)) {
    for (const [dtype, files] of Object.entries(precisions))
      counts[`${tower}_model${DTYPE_SUFFIX[dtype as Dtype]}.onnx`] = files.externalData.length
  }
  return counts
}
