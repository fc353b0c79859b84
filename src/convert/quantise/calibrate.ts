import type { Tensors } from '../../backend/backend.ts'
import type { CalibratedLayer } from '../../models/manifest.ts'
import type { ClipConfig } from '../config/clip-config.ts'
import { int8 } from '../graph/int8.ts'
import { floating, type QuantisePlan } from '../graph/precision.ts'
import { embeddingsGraph, layerGraph } from '../graph/segments.ts'
import { type FindTensor, type LogicalWeight, wholeLayerWeights } from '../graph/tower-weights.ts'
import type { FloatTensor, LayerRunner } from './layer-runner.ts'
import {
  applyFactors,
  type LayerFactors,
  type LayerMaxima,
  raiseMaxima,
  rowMaxima,
  smoothingFactors,
} from './smooth.ts'

export interface CalibrateOptions {
  readonly tower: 'vision' | 'text'
  readonly config: ClipConfig
  readonly find: FindTensor
  /** Of the tower, for its embeddings. */
  readonly weights: readonly LogicalWeight[]
  /** `pixel_values` or `input_ids`, a batch each; prompts of one length a batch, without padding. */
  readonly inputs: readonly Tensors[]
  readonly runner: LayerRunner
  /** Whether to try every layer in int8 and keep in float32 what loses too much. */
  readonly tryInt8: boolean
  readonly signal?: AbortSignal | undefined
  readonly onLayer?: ((layer: number) => void) | undefined
}

export interface CalibratedPlan extends QuantisePlan {
  /** What was measured and decided for int8; empty where it was not tried. */
  readonly layers: readonly CalibratedLayer[]
}

/**
 * A layer whose output is further off than this share of its update keeps matrices in float32. Well-behaved layers of
 * ViT-H are off by 1 to 2 %, and errors of 32 layers add up as their squares do.
 */
const TOLERANCE = 0.04
/** What is tried, in order: what reads GELU's output, where the largest outliers are that no norm can absorb, goes first. */
const RETREATS: readonly (readonly string[])[] = [[], ['fc2'], ['fc2', 'out'], ['fc2', 'out', 'fc1', 'qkv']]

/**
 * Follows the calibration data through the float32 tower layer by layer, so that one layer is in memory at a time;
 * chooses each layer's smoothing factors, and for int8 tries the layer on the same input.
 */
export async function calibrate(options: CalibrateOptions): Promise<CalibratedPlan> {
  const { tower, config, find, tryInt8, onLayer } = options
  const factors: LayerFactors[] = []
  const layers: CalibratedLayer[] = []
  const keep = new Set<string>()
  const plan: QuantisePlan = { keep, adjust: adjustBy(factors) }
  let hidden = await embed(options)
  for (let index = 0; index < config[tower].layers; index++) {
    const weights = memoised(wholeLayerWeights(tower, config, index, find))
    const { maxima, next } = await follow(options, { index, weights, hidden })
    factors[index] = await layerFactors(maxima, weights, index, config[tower].hiddenSize)
    if (tryInt8) {
      const layer = await tryLayer(options, { index, weights, hidden, next }, plan, keep)
      layers.push(layer)
    }
    hidden = next
    onLayer?.(index)
  }
  return { ...plan, layers }
}

/** What goes into the first layer, a batch each. */
async function embed({
  tower,
  config,
  weights,
  inputs,
  runner,
  signal,
}: CalibrateOptions): Promise<FloatTensor[]> {
  const hidden: FloatTensor[] = []
  await runner.run(
    embeddingsGraph(tower, config),
    { weights },
    inputs,
    (outputs) => hidden.push(outputs['hidden'] as FloatTensor),
    signal,
  )
  return hidden
}

/** A layer, and what goes into it. */
interface Layer {
  readonly index: number
  readonly weights: readonly LogicalWeight[]
  readonly hidden: readonly FloatTensor[]
}

/** Runs a layer in float32: what comes out of it, and the largest values within. */
async function follow(
  { tower, config, runner, signal }: CalibrateOptions,
  { index, weights, hidden }: Layer,
): Promise<{ maxima: LayerMaxima; next: FloatTensor[] }> {
  const { hiddenSize } = config[tower]
  const maxima: LayerMaxima = { ln1: zeros(hiddenSize), attended: zeros(hiddenSize), ln2: zeros(hiddenSize) }
  const next: FloatTensor[] = []
  await runner.run(
    layerGraph(tower, config, floating('float32'), index, ['ln1', 'attended', 'ln2', 'output']),
    { weights },
    hidden.map((tensor) => ({ hidden: tensor })),
    (outputs) => {
      for (const tap of ['ln1', 'attended', 'ln2'] as const)
        raiseMaxima(maxima[tap], (outputs[tap] as FloatTensor).data)
      next.push(outputs['output'] as FloatTensor)
    },
    signal,
  )
  return { maxima, next }
}

/** Runs a layer in int8, and keeps matrices of it in float32, more from try to try, until it is right enough. */
async function tryLayer(
  { tower, config, runner, signal }: CalibrateOptions,
  { index, weights, hidden, next }: Layer & { readonly next: readonly FloatTensor[] },
  plan: QuantisePlan,
  keep: Set<string>,
): Promise<CalibratedLayer> {
  const keepOf = (names: readonly string[]): void =>
    names.forEach((name) => keep.add(`layers.${index}.${name}.weight`))
  let report: CalibratedLayer | undefined
  for (const retreat of RETREATS) {
    keepOf(retreat)
    const error = new RelativeError()
    await runner.run(
      layerGraph(tower, config, int8(plan), index),
      { weights },
      hidden.map((tensor) => ({ hidden: tensor })),
      (outputs, batch) => {
        error.add(hidden[batch]!.data, next[batch]!.data, (outputs['output'] as FloatTensor).data)
      },
      signal,
    )
    report = { layer: index, error: error.value, keep: retreat }
    if (error.value <= TOLERANCE) break
  }
  // The last layer has its queries apart.
  if (report!.keep.includes('qkv')) keepOf(['kv', 'q'])
  return report!
}

async function layerFactors(
  maxima: LayerMaxima,
  weights: readonly LogicalWeight[],
  index: number,
  width: number,
): Promise<LayerFactors> {
  const rows = async (name: string): Promise<Float32Array> => {
    const weight = weights.find(({ key }) => key === `layers.${index}.${name}.weight`)!
    return rowMaxima(await weight.load(), width)
  }
  return {
    ln1: smoothingFactors(maxima.ln1, await rows('qkv')),
    attended: smoothingFactors(maxima.attended, await rows('out')),
    ln2: smoothingFactors(maxima.ln2, await rows('fc1')),
  }
}

function adjustBy(factors: readonly LayerFactors[]): QuantisePlan['adjust'] {
  return (key, values) => {
    const [, index, part] = /^layers\.(\d+)\.(.+)$/.exec(key) ?? []
    const found = index === undefined ? undefined : factors[Number(index)]
    if (!found) return values
    const adjusted = values.slice()
    applyFactors(part!, adjusted, found)
    return adjusted
  }
}

/** One layer's weights are read once and used several times. */
function memoised(weights: readonly LogicalWeight[]): LogicalWeight[] {
  return weights.map((weight) => {
    let values: Promise<Float32Array> | undefined
    return { ...weight, load: () => (values ??= weight.load()) }
  })
}

class RelativeError {
  #off = 0
  #update = 0

  add(input: Float32Array, right: Float32Array, got: Float32Array): void {
    for (let i = 0; i < input.length; i++) {
      this.#off += (got[i]! - right[i]!) ** 2
      this.#update += (right[i]! - input[i]!) ** 2
    }
  }

  get value(): number {
    return Math.sqrt(this.#off / this.#update)
  }
}

const zeros = (length: number): Float32Array => new Float32Array(length)
