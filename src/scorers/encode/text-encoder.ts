import { InputError, show } from '../../base/errors.ts'
import type { ClipTokenizer } from '../../text/clip-tokenizer.ts'
import { checkOptions } from '../check-options.ts'
import type { EncodeOptions } from '../scorer-options.ts'
import type { Tower } from './tower.ts'

/** Prompts in one run of the text tower. Their cost is far below the images', so this need not be tuned. */
const BATCH = 32

/** From prompts to embeddings. Each distinct prompt is encoded once, at its real length, with others of that length. */
export class TextEncoder {
  constructor(
    readonly tokenizer: ClipTokenizer,
    readonly tower: Tower,
    readonly projectionDim: number,
  ) {}

  /** One embedding a prompt, not normalised. Throws `InputError` `input_not_a_string`. */
  async encode(given: readonly string[], options: EncodeOptions = {}): Promise<Float32Array[]> {
    checkOptions(options, 'a scorer')
    const { signal } = options
    if (!Array.isArray(given))
      throw new InputError('input_invalid_option', `Prompts are a list of strings, not ${show(given)}.`)
    // A list may be changed while its first prompts are encoded.
    const prompts = Array.from(given)
    const idsOf = new Map<string, readonly number[]>()
    prompts.forEach((prompt, index) => {
      if (typeof prompt !== 'string') {
        throw new InputError(
          'input_not_a_string',
          `Prompt ${index} is ${show(prompt)} (${typeof prompt}); a prompt is a string.`,
          { index },
        )
      }
      if (!idsOf.has(prompt)) idsOf.set(prompt, this.tokenizer.encode(prompt))
    })
    const embeds = new Map<string, Float32Array>()
    for (const batch of batches(idsOf)) {
      signal?.throwIfAborted()
      const length = batch[0]!.ids.length
      const data = BigInt64Array.from(batch.flatMap(({ ids }) => ids.map(BigInt)))
      const { text_embeds } = await this.tower.run(
        { input_ids: { dtype: 'int64', dims: [batch.length, length], data } },
        { text_embeds: [batch.length, this.projectionDim] },
        signal,
      )
      const { projectionDim } = this
      batch.forEach(({ prompt }, i) =>
        embeds.set(prompt, text_embeds!.slice(i * projectionDim, (i + 1) * projectionDim)),
      )
    }
    return prompts.map((prompt) => embeds.get(prompt)!)
  }

  dispose(): Promise<void> {
    return this.tower.dispose()
  }
}

interface Prompt {
  readonly prompt: string
  readonly ids: readonly number[]
}

function batches(idsOf: ReadonlyMap<string, readonly number[]>): Prompt[][] {
  const byLength = new Map<number, Prompt[]>()
  for (const [prompt, ids] of idsOf) {
    const group = byLength.get(ids.length)
    if (group) group.push({ prompt, ids })
    else byLength.set(ids.length, [{ prompt, ids }])
  }
  return [...byLength.values()].flatMap((group) =>
    Array.from({ length: Math.ceil(group.length / BATCH) }, (_, i) =>
      group.slice(i * BATCH, (i + 1) * BATCH),
    ),
  )
}
