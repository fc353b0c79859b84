import type { InferenceSession, Tensors } from '../../src/backend/backend.ts'
import type { ImageDecoder } from '../../src/image/decoder.ts'
import { cropImage, type PreprocessConfig } from '../../src/image/preprocess.ts'
import type { RawImage } from '../../src/image/raw-image.ts'
import { TextEncoder } from '../../src/scorers/encode/text-encoder.ts'
import { Tower } from '../../src/scorers/encode/tower.ts'
import { VisionEncoder } from '../../src/scorers/encode/vision-encoder.ts'
import { HpScorer } from '../../src/scorers/hp-scorer.ts'
import { IctScorer } from '../../src/scorers/ict-scorer.ts'
import type { ScorerParts } from '../../src/scorers/load/load-scorer.ts'
import { ClipTokenizer } from '../../src/text/clip-tokenizer.ts'

export type Answer = (inputs: Tensors, signal: AbortSignal | undefined) => Tensors | Promise<Tensors>

export class Session implements InferenceSession {
  readonly inputs: Tensors[] = []
  disposed = 0
  constructor(private readonly answer: Answer) {}
  async run(inputs: Tensors, { signal }: { signal?: AbortSignal | undefined } = {}): Promise<Tensors> {
    this.inputs.push(inputs)
    return this.answer(inputs, signal)
  }
  async dispose(): Promise<void> {
    this.disposed++
  }
}

const PREPROCESS: PreprocessConfig = { size: 2, mean: [0, 0, 0], std: [1, 1, 1] }
export const float = (dims: number[], values: Iterable<number>): Tensors[string] => ({
  dtype: 'float32',
  dims,
  data: Float32Array.from(values),
})

const decoder: ImageDecoder = {
  name: 'raw',
  decode: () => Promise.reject(new Error('not needed')),
  crop: async (image, spec) => cropImage(image as RawImage, spec),
  dispose: async () => {},
}

/** A picture of one colour, 0 to 1 a channel: the towers below embed it as that colour. */
export const colour = (...rgb: [number, number, number]): RawImage => ({
  data: Uint8Array.from({ length: 12 }, (_, i) => Math.round(rgb[i % 3]! * 255)),
  width: 2,
  height: 2,
  channels: 3,
})

/** Embeds a picture as the colour of its first pixel. */
export const embedColour: Answer = ({ pixel_values: pixels }) => {
  const [count = 0] = pixels!.dims
  const rows = Array.from({ length: count }, (_, i) =>
    [0, 4, 8].map((at) => Number(pixels!.data[i * 12 + at])),
  )
  return {
    image_embeds: float([count, 3], rows.flat()),
    hp_logits: float(
      [count],
      rows.map(([red]) => 10 * red! - 5),
    ),
  }
}

/** Embeds a prompt by its first and second word's ids and its length. */
const embedIds: Answer = ({ input_ids: ids }) => {
  const [count = 0, length = 0] = ids!.dims
  return {
    text_embeds: float(
      [count, 3],
      Array.from({ length: count }, (_, i) => [
        Number(ids!.data[i * length + 1]),
        Number(ids!.data[i * length + 2]),
        length,
      ]).flat(),
    ),
  }
}

function parts(
  kind: 'ict' | 'hp',
  vision: Answer,
  batchSize: number,
): ScorerParts & { readonly session: Session } {
  const session = new Session(vision)
  const tower = new Tower(`small ${kind} vision`, session)
  return {
    session,
    vision: new VisionEncoder({
      tower,
      decoder,
      preprocess: PREPROCESS,
      projectionDim: 3,
      head: kind === 'hp',
      batchSize,
    }),
    info: {
      kind,
      model: 'small',
      source: 'here',
      origin: { files: [] },
      device: 'cpu',
      dtype: 'fp32',
      batchSize,
      backend: 'small',
      decoder: 'raw',
      notes: [],
    },
    owned: [tower],
  }
}

export function smallIct({
  vision = embedColour,
  text = embedIds,
  batchSize = 4,
}: { vision?: Answer; text?: Answer; batchSize?: number } = {}): {
  ict: IctScorer
  vision: Session
  text: Session
} {
  const made = parts('ict', vision, batchSize)
  const session = new Session(text)
  const encoder = new TextEncoder(new ClipTokenizer(), new Tower('small ict text', session), 3)
  return {
    ict: new IctScorer({ ...made, text: encoder, owned: [...made.owned, encoder] }),
    vision: made.session,
    text: session,
  }
}

export function smallHp({
  vision = embedColour,
  batchSize = 4,
}: { vision?: Answer; batchSize?: number } = {}): {
  hp: HpScorer
  vision: Session
} {
  const made = parts('hp', vision, batchSize)
  return { hp: new HpScorer(made), vision: made.session }
}
