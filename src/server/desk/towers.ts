import type { Tensors } from '../../backend/backend.ts'
import { IcthpError, RequestError, show } from '../../base/errors.ts'
import type { EncodedImage } from '../../scorers/encode/vision-encoder.ts'
import type { Scorer } from '../../scorers/scorer.ts'
import { TextScorer } from '../../scorers/text-scorer.ts'
import { END_OF_TEXT } from '../../text/vocabulary.ts'
import type { ServedTower } from '../open-inference/served-tower.ts'
import type { DeskObserver } from './desk-observer.ts'
import { TowerRunLine } from './tower-run-line.ts'
import type { Turns } from './turns.ts'
import type { VisionLine } from './vision-line.ts'
import type { Visit } from './visit.ts'

/** Lets `work` in, with its place in the order of arrivals, once there is room for its rows and bytes. */
export type TowerTurn = <T>(
  rows: number,
  bytes: number,
  signal: AbortSignal | undefined,
  work: (order: number, visit: Visit) => Promise<T>,
) => Promise<T>

/** A scorer's towers, as others may run them. */
export function towersOf(
  scorer: Scorer,
  vision: VisionLine,
  turns: Turns,
  observer: DeskObserver,
  turn: TowerTurn,
): ServedTower[] {
  const served = [visionTower(scorer, vision, turn)]
  if (scorer instanceof TextScorer) {
    const name = `${scorer.kind.name}_text`
    served.push(textTower(scorer, new TowerRunLine(name, turns, observer), turn))
  }
  return served
}

/** Batched with the pictures that wait for the same tower. */
function visionTower({ kind, vision }: Scorer, line: VisionLine, turn: TowerTurn): ServedTower {
  const { preprocess, projectionDim, head } = vision.parts
  const { size } = preprocess
  return {
    name: line.name,
    inputs: [{ name: 'pixel_values', dtype: 'float32', dims: [3, size, size] }],
    outputs: [
      { name: 'image_embeds', dtype: 'float32', dims: [projectionDim] },
      ...(head ? [{ name: 'hp_logits', dtype: 'float32', dims: [] } as const] : []),
    ],
    run: async (inputs, { signal } = {}) => {
      const { data, rows } = input(inputs, 'pixel_values', 'float32', [3, size, size], kind.name)
      checkPixels(data as Float32Array, line.name)
      return turn(rows, data.byteLength, signal, async (order, visit) => {
        const encoded = await new Promise<readonly EncodedImage[]>((resolve, reject) => {
          const settle = (answer: readonly EncodedImage[] | IcthpError): void =>
            answer instanceof IcthpError ? reject(answer) : resolve(answer)
          const values = data as Float32Array
          const fill = (target: Float32Array, offset: number): void => target.set(values, offset)
          visit.leaving(line.add({ order, rows, fill, values, settle }))
        })
        return visionOutputs(encoded, projectionDim, head)
      })
    },
  }
}

function visionOutputs(encoded: readonly EncodedImage[], dim: number, head: boolean): Tensors {
  const embeds = new Float32Array(encoded.length * dim)
  encoded.forEach((image, i) => embeds.set(image.embeds, i * dim))
  const logits = Float32Array.from(encoded, ({ logit = 0 }) => logit)
  return {
    image_embeds: { dtype: 'float32', dims: [encoded.length, dim], data: embeds },
    ...(head ? { hp_logits: { dtype: 'float32', dims: [encoded.length], data: logits } as const } : {}),
  }
}

function textTower(scorer: TextScorer, line: TowerRunLine, turn: TowerTurn): ServedTower {
  const { projectionDim } = scorer.text
  return {
    name: line.name,
    inputs: [{ name: 'input_ids', dtype: 'int64', dims: [-1] }],
    outputs: [{ name: 'text_embeds', dtype: 'float32', dims: [projectionDim] }],
    run: async (inputs, { signal } = {}) => {
      const { data, rows } = input(inputs, 'input_ids', 'int64', [-1], line.name)
      checkIds(data as BigInt64Array, rows, scorer.tokenizer.contextLength, line.name)
      return turn(rows, data.byteLength, signal, async (order, visit) => {
        const expected = { text_embeds: [rows, projectionDim] }
        const work = (): Promise<Record<string, Float32Array>> =>
          scorer.text.tower.run(inputs, expected, visit.signal)
        const { text_embeds: embeds } = await line.add(order, rows, work, visit.signal)
        return { text_embeds: { dtype: 'float32', dims: [rows, projectionDim], data: embeds! } }
      })
    },
  }
}

/** The one input of a tower, which must be as its specification says. Throws `RequestError` `request_invalid`. */
function input(
  inputs: Tensors,
  name: string,
  dtype: 'float32' | 'int64',
  dims: readonly number[],
  tower: string,
): { data: Float32Array | BigInt64Array; rows: number } {
  const tensor = inputs?.[name]
  const given: unknown = tensor?.dims
  const [rows = 0, ...rest] = Array.isArray(given) ? (given as readonly number[]) : []
  const fits =
    rest.length === dims.length && dims.every((dim, i) => (dim < 0 ? rest[i]! > 0 : dim === rest[i]))
  const size = rest.reduce((product, dim) => product * dim, rows)
  const { data } = tensor ?? {}
  const isKind = dtype === 'float32' ? data instanceof Float32Array : data instanceof BigInt64Array
  if (tensor?.dtype === dtype && rows > 0 && fits && isKind && data!.length === size)
    return { data: data!, rows }
  throw invalid(
    tower,
    `takes ${name} as ${dtype} [batch, ${dims.join(', ')}], not ` +
      `${tensor ? `${show(tensor.dtype)} [${show(given)}] of ${show(data?.length)} values` : 'nothing'}.`,
  )
}

/** No normalisation of pixels comes near it, and beyond it towers give no numbers: that is the request's fault then. */
const MOST_PIXEL = 1000
const [MOST_PIXEL_BITS] = new Int32Array(Float32Array.of(MOST_PIXEL).buffer) as unknown as [number]

function checkPixels(data: Float32Array, tower: string): void {
  // As bits, whose order without the sign is that of the values, NaN above all: a millisecond for millions of them.
  const bits = new Int32Array(data.buffer, data.byteOffset, data.length)
  let most = 0
  for (let i = 0; i < bits.length; i++) most = Math.max(most, bits[i]! & 0x7fffffff)
  if (most <= MOST_PIXEL_BITS) return
  const value = data.find((each) => !(Math.abs(each) <= MOST_PIXEL))
  throw invalid(tower, `takes pixel_values from -${MOST_PIXEL} to ${MOST_PIXEL}, not ${value}.`)
}

/** What the graph has no row for: a runtime fails at it, or takes another row. */
function checkIds(data: BigInt64Array, rows: number, most: number, tower: string): void {
  const length = data.length / rows
  if (length > most) throw invalid(tower, `reads ${most} tokens of a prompt, not ${length}.`)
  for (const id of data) {
    if (id >= 0n && id <= END_OF_TEXT) continue
    throw invalid(tower, `takes input_ids from 0 to ${END_OF_TEXT}, not ${id}.`)
  }
}

const invalid = (tower: string, what: string): RequestError =>
  new RequestError('request_invalid', `${tower} ${what}`, { tower })
