import type { TowerName } from '../../models/kinds.ts'
import type { OnnxValue } from '../../onnx/onnx-model.ts'
import type { ClipConfig } from '../config/clip-config.ts'
import {
  builderFor,
  INPUT_IDS,
  pixelValues,
  textEmbeddings,
  textRest,
  visionEmbeddings,
  visionRest,
} from './clip-towers.ts'
import { encoderLayer, type LayerTaps } from './encoder.ts'
import type { TowerGraph } from './graph-builder.ts'
import { floating, type Precision } from './precision.ts'

/*
 * A tower in pieces, so that one layer is in memory at a time: embeddings, every layer but the last, and the rest.
 */

/** All but the layer that is measured. */
const fp32 = floating('float32')

const hiddenValue = (config: ClipConfig, tower: TowerName, name = 'hidden'): OnnxValue => ({
  name,
  dtype: 'float32',
  dims: ['batch', 'tokens', config[tower].hiddenSize],
})

const towerInput = (config: ClipConfig, tower: TowerName): OnnxValue =>
  tower === 'vision' ? pixelValues(config) : INPUT_IDS

/** `pixel_values` or `input_ids` → `hidden`, float32. */
export function embeddingsGraph(tower: TowerName, config: ClipConfig): TowerGraph {
  const b = builderFor(fp32)
  b.output('hidden', tower === 'vision' ? visionEmbeddings(b, config.vision) : textEmbeddings(b, config.text))
  return b.finish(`${tower} embeddings`, [towerInput(config, tower)], [hiddenValue(config, tower)])
}

/** `hidden` → `output`, and whichever of the layer's insides are asked for. Every token is followed. */
export function layerGraph(
  tower: TowerName,
  config: ClipConfig,
  precision: Precision,
  index: number,
  taps: readonly (keyof LayerTaps)[] = ['output'],
): TowerGraph {
  const b = builderFor(precision)
  const layer = encoderLayer(b, precision, config[tower], `layers.${index}`, 'hidden', tower === 'text')
  for (const tap of taps) b.output(tap, layer[tap])
  return b.finish(
    `${tower} layer ${index}`,
    [hiddenValue(config, tower)],
    taps.map((tap) => hiddenValue(config, tower, tap)),
  )
}

/** Input of the last layer (and for text `input_ids`) → what the tower gives, without HP's head. */
export function lastGraph(tower: TowerName, config: ClipConfig): TowerGraph {
  const b = builderFor(fp32)
  const first = config[tower].layers - 1
  const outputs =
    tower === 'vision'
      ? visionRest(b, fp32, config, 'hidden', false, first)
      : textRest(b, fp32, config, 'hidden', first)
  return b.finish(
    `${tower} end`,
    [hiddenValue(config, tower), ...(tower === 'text' ? [INPUT_IDS] : [])],
    outputs,
  )
}
