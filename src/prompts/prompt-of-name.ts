import type { ImagePrompt } from './image-prompt.ts'
import { tidySpace } from './plain/tidy.ts'

/**
 * The prompt in an image's name: `a green bench_000001.png`, as T2I-CompBench has it (the last `_` and six digits are a number,
 * for prompts hold `_`, too), or another number behind words, or words alone. Undefined for a name of one word, which is a
 * camera's or a counter's.
 */
export function promptOfName(name: string): ImagePrompt | undefined {
  const file = name.split(/[\\/]/).at(-1)!
  const stem = file.replace(/\.[^.]{1,8}$/, '')
  const numbered = /_\d{6}$/.test(stem)
  const prompt = stem.replace(/_\d{1,9}$/, '').trim()
  if (!/\p{L}/u.test(prompt) || !(numbered || /\s/.test(prompt))) return undefined
  return { prompt, negative: null, plain: tidySpace(prompt), format: 'caption', where: `name ${file}` }
}
