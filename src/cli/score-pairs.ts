import type { Scores } from '../ranking/combine.ts'
import type { Context } from './context.ts'
import type { PromptedImage } from './image-prompts.ts'
import type { LoadedScorers } from './load-scorers.ts'

/** Scores each image by its own prompt: every image decoded once for both towers, every prompt encoded once. */
export async function* scorePairs(
  { ict, hp }: LoadedScorers,
  images: readonly PromptedImage[],
  { io, terminal }: Context,
  onImageError: (error: Error, index: number) => void,
): AsyncGenerator<{ readonly index: number; readonly scores: Scores }> {
  if (images.length === 0) return
  const [{ encodeStream }, { l2Normalise, sigmoid }] = await Promise.all([
    import('../scorers/encode-stream.ts'),
    import('../scorers/embeddings.ts'),
  ])
  const options = { signal: io.signal, onProgress: terminal.progress, onImageError }
  const prompts = ict ? [...new Set(images.map(({ prompt }) => prompt))] : []
  const embeds = ict ? await ict.embedTexts(prompts, options) : []
  const texts = new Map(prompts.map((prompt, i) => [prompt, embeds[i]!]))
  const encoders = [ict?.vision, hp?.vision].filter((encoder) => encoder !== undefined)
  terminal.progress({ stage: 'encode', item: 'images', loaded: 0, total: images.length, unit: 'images' })
  const inputs = images.map(({ input }) => input)
  for await (const { index, encoded } of encodeStream(encoders, inputs, options)) {
    const logit = hp ? encoded.at(-1)!.logit! : undefined
    const text = texts.get(images[index]!.prompt)
    yield {
      index,
      scores: {
        ...(ict ? { ict: ict.similarity(text!, l2Normalise(encoded[0]!.embeds)) } : {}),
        ...(logit === undefined ? {} : { hp: sigmoid(logit), hpLogit: logit }),
      },
    }
  }
}
