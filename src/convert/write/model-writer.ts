import { rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { Progress } from '../../base/progress.ts'
import { VERSION } from '../../base/version.ts'
import type { FileDigest } from '../../hub/hub.ts'
import { kindNamed, type RewardKind, type TowerName } from '../../models/kinds.ts'
import {
  type Dtype,
  DTYPE_SUFFIX,
  MANIFEST_FORMAT,
  MANIFEST_NAME,
  type ModelManifest,
  sealManifest,
} from '../../models/manifest.ts'
import { textTower, visionTower } from '../graph/clip-towers.ts'
import type { TowerGraph } from '../graph/graph-builder.ts'
import { type LogicalWeight, wholeLayerWeights } from '../graph/tower-weights.ts'
import type { ModelParts, WriteModelOptions } from '../model-parts.ts'
import { calibrate, type CalibratedPlan } from '../quantise/calibrate.ts'
import type { CalibrationData } from '../quantise/calibration-data.ts'
import { LayerRunner } from '../quantise/layer-runner.ts'
import { precisionOf } from '../quantise/precisions.ts'
import { ArrivingWeights } from './arriving-weights.ts'
import { hubConfig, preprocessorConfig } from './hub-files.ts'
import { SelfTests } from './self-tests.ts'
import { tokenizerFiles } from './tokenizer-files.ts'
import { digestOf, writeTower } from './write-tower.ts'

type Digests = Readonly<Record<string, FileDigest>>

const TOWERS = ['vision', 'text'] as const

/** Writes the files of one model into a folder: tower by tower, then the small ones, the manifest last. Works once. */
export class ModelWriter {
  readonly #kind: RewardKind
  readonly #scratch: string
  /** Of all weights, in values. */
  readonly #sizes: readonly number[]
  readonly #runner: LayerRunner
  readonly #tests: SelfTests
  readonly #towers: Partial<Record<TowerName, NonNullable<ModelManifest['towers'][TowerName]>>> = {}
  readonly #plans: Partial<Record<TowerName, CalibratedPlan>> = {}
  /** Of the towers' files, which come in as the disk takes them in. */
  readonly #digests: Promise<Digests>[] = []
  #writtenBytes = 0

  constructor(
    private readonly folder: string,
    private readonly parts: ModelParts,
    private readonly options: WriteModelOptions,
  ) {
    this.#kind = kindNamed(parts.kind)
    this.#sizes = Object.values(parts.weights)
      .flat()
      .map(({ dims }) => dims.reduce((a, b) => a * b, 1))
    this.#scratch = join(folder, 'scratch')
    this.#runner = new LayerRunner(options.backend, this.#scratch, options.pool)
    this.#tests = new SelfTests(parts.config, this.#runner, options.signal)
  }

  async write(): Promise<ModelManifest> {
    const { weights } = this.parts
    const { calibration, pool, onWritten } = this.options
    pool.reserve(this.#sizes)
    try {
      for (const tower of TOWERS) {
        if (!weights[tower]) continue
        if (calibration) this.#plans[tower] = await this.#calibrate(tower, calibration)
        await this.#writeTower(tower, weights[tower])
      }
      onWritten()
    } finally {
      await this.#tests.ended()
    }
    const selfTest = await this.#tests.answers()
    await rm(this.#scratch, { recursive: true, force: true })
    const small = await this.#writeSmallFiles()
    const files: Digests = Object.assign({}, ...(await Promise.all(this.#digests)), small)
    return this.#writeManifest(selfTest, files)
  }

  #calibrate(tower: TowerName, data: CalibrationData): Promise<CalibratedPlan> {
    const { name, config, weights, find } = this.parts
    const { dtypes, signal } = this.options
    return calibrate({
      tower,
      config,
      find,
      weights: weights[tower]!,
      inputs: data[tower],
      runner: this.#runner,
      signal,
      tryInt8: tower === 'vision' && dtypes.includes('int8'),
      onLayer: (layer) =>
        this.#report({
          stage: 'calibrate',
          item: `${name} ${tower}`,
          loaded: layer + 1,
          total: config[tower].layers,
          unit: 'layers',
        }),
    })
  }

  /** The self-test follows the float32 tower while it is written; else it reads the checkpoint, and needs the pool, too. */
  async #writeTower(tower: TowerName, weights: readonly LogicalWeight[]): Promise<void> {
    const { pool, digester, signal } = this.options
    const { folder } = this
    const graphs = this.#graphsOf(tower)
    const arriving = graphs.has('fp32') ? new ArrivingWeights() : undefined
    if (arriving) void this.#tests.begin(tower, { arriving, folder })
    const written = await writeTower({
      folder,
      tower,
      graphs,
      weights,
      pool,
      version: VERSION,
      signal,
      digester,
      onStored: (dtype, tensors) => {
        if (dtype === 'fp32') arriving?.stored(tensors)
      },
      onWeight: (bytes) => this.#wrote(tower, bytes),
    }).catch((error: unknown) => {
      arriving?.fail(error)
      throw error
    })
    this.#towers[tower] = written.towers
    const settled = written.settled()
    this.#digests.push(settled)
    settled.then(
      () => arriving?.closed(),
      (error: unknown) => arriving?.fail(error),
    )
    if (!arriving) await this.#tests.begin(tower, { weights: untilLast(tower, this.parts) })
  }

  #graphsOf(tower: TowerName): Map<Dtype, TowerGraph> {
    const { config } = this.parts
    return new Map(
      this.options.dtypes.map((dtype) => {
        const precision = precisionOf(dtype, tower, this.#plans[tower])
        return [
          dtype,
          tower === 'vision'
            ? visionTower(config, precision, !this.#kind.takesPrompt)
            : textTower(config, precision),
        ]
      }),
    )
  }

  async #writeSmallFiles(): Promise<Digests> {
    const { kind, config, preprocess } = this.parts
    const texts: Record<string, string> = {
      'config.json': hubConfig(kind, config, partCounts(this.#towers)),
      'preprocessor_config.json': preprocessorConfig(preprocess),
      ...(this.#kind.takesPrompt ? tokenizerFiles() : {}),
    }
    const digests: Record<string, FileDigest> = {}
    for (const [path, text] of Object.entries(texts)) {
      await writeFile(join(this.folder, path), text)
      digests[path] = digestOf(text)
    }
    return digests
  }

  async #writeManifest(selfTest: ModelManifest['selfTest'], files: Digests): Promise<ModelManifest> {
    const { kind, name, config, preprocess, source } = this.parts
    const { calibration } = this.options
    const layers = Object.fromEntries(
      Object.entries(this.#plans).map(([tower, plan]) => [tower, plan.layers]),
    )
    const manifest = sealManifest({
      format: MANIFEST_FORMAT,
      kind,
      name,
      library: VERSION,
      source,
      preprocess,
      projectionDim: config.projectionDim,
      ...(this.#kind.takesPrompt ? { contextLength: config.text.maxPositions } : {}),
      towers: this.#towers,
      selfTest,
      files,
      ...(calibration ? { calibration: { data: calibration.source, ...layers } } : {}),
    })
    await writeFile(join(this.folder, MANIFEST_NAME), `${JSON.stringify(manifest, null, 2)}\n`)
    return manifest
  }

  #wrote(tower: TowerName, bytes: number): void {
    this.#writtenBytes += bytes
    this.#report({
      stage: 'write',
      item: `${this.parts.name} ${tower}`,
      loaded: this.#writtenBytes,
      total: 4 * this.#sizes.reduce((sum, size) => sum + size, 0),
      unit: 'bytes',
    })
  }

  #report(progress: Progress): void {
    this.options.onProgress?.(progress)
  }
}

/** Weights for following a tower layer by layer: whole layers, and the last as the tower has it. */
function untilLast(tower: TowerName, { config, weights, find }: ModelParts): LogicalWeight[] {
  const whole = Array.from({ length: config[tower].layers - 1 }, (_, i) =>
    wholeLayerWeights(tower, config, i, find),
  ).flat()
  const keys = new Set(whole.map(({ key }) => key))
  return [...whole, ...weights[tower]!.filter(({ key }) => !keys.has(key))]
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
