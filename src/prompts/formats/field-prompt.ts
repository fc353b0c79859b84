import type { FoundPrompt } from '../image-prompt.ts'
import { looksLikeJson } from '../json-value.ts'
import type { TextFields } from '../text-fields.ts'

/**
 * Tools that write one chunk a setting: Easy Diffusion and kohya's scripts. Their `prompt` is a text; ComfyUI's, of the
 * same name, is a graph.
 */
export function findFieldPrompt(fields: TextFields): FoundPrompt | undefined {
  const prompt = fields.first('prompt', 'Prompt')
  if (!prompt || looksLikeJson(prompt.text)) return undefined
  const negative = fields.first('negative_prompt', 'Negative Prompt', 'negative-prompt', 'Negative prompt')
  const isKohya = fields.first('negative-prompt', 'raw-prompt') !== undefined
  return {
    prompt: prompt.text,
    negative: negative?.text,
    format: isKohya ? 'kohya-sd-scripts' : 'easy-diffusion',
    where: prompt.where,
    steps: Number(fields.first('steps', 'num_inference_steps', 'Steps')?.text) || undefined,
  }
}
