import type { TowerName } from '../../models/kinds.ts'
import { selfTestInput, STORED_VALUES } from '../../models/self-test.ts'
import type { ClipConfig } from '../config/clip-config.ts'
import { floating } from '../graph/precision.ts'
import { embeddingsGraph, lastGraph, layerGraph } from '../graph/segments.ts'
import type { FloatTensor, LayerRunner, WeightSource } from '../quantise/layer-runner.ts'

/** What the float32 tower answers to the self-test, found layer by layer, so that memory stays small. */
export async function selfTestAnswer(
  tower: TowerName,
  config: ClipConfig,
  source: WeightSource,
  runner: LayerRunner,
  signal?: AbortSignal,
): Promise<number[]> {
  const input = selfTestInput(tower, {
    size: config.vision.imageSize,
    contextLength: config.text.maxPositions,
  })
  const step = async (
    graph: Parameters<LayerRunner['run']>[0],
    inputs: Parameters<LayerRunner['run']>[2][number],
    output: string,
  ): Promise<FloatTensor> => {
    let answer: FloatTensor
    await runner.run(graph, source, [inputs], (outputs) => (answer = outputs[output] as FloatTensor), signal)
    return answer!
  }
  let hidden = await step(embeddingsGraph(tower, config), input, 'hidden')
  for (let i = 0; i < config[tower].layers - 1; i++)
    hidden = await step(layerGraph(tower, config, floating('float32'), i), { hidden }, 'output')
  const embeds = await step(
    lastGraph(tower, config),
    { hidden, ...(tower === 'text' ? input : {}) },
    tower === 'vision' ? 'image_embeds' : 'text_embeds',
  )
  return Array.from(embeds.data.subarray(0, STORED_VALUES), (value) => Number(value.toPrecision(7)))
}
