import type { Scores } from '../ranking/combine.ts'
import type { Context } from './context.ts'
import type { PromptedImage } from './image-prompts.ts'
import type { LoadedScorers } from './load-scorers.ts'

/** Scores each image by its own prompt: every image decoded once for all towers, every prompt encoded once. */
export async function* scorePairs(
  { scorers }: LoadedScorers,
  images: readonly PromptedImage[],
  { io, terminal }: Context,
  onImageError: (error: Error, index: number) => void,
): AsyncGenerator<{ readonly index: number; readonly scores: Scores }> {
  if (images.length === 0) return
  const score = await import('../ranking/score-pairs.ts')
  const options = { signal: io.signal, onProgress: terminal.progress, onImageError }
  terminal.progress({ stage: 'encode', item: 'images', loaded: 0, total: images.length, unit: 'images' })
  const pairs = images.map(({ input, prompt }) => ({ image: input, prompt }))
  yield* score.scorePairs(pairs, { scorers, ...options })
}
