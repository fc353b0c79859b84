import { checkObject } from '../../base/check-object.ts'
import { InputError, show } from '../../base/errors.ts'
import type { PromptFormat } from '../image-prompt.ts'
import { plainA1111 } from './plain-a1111.ts'
import { plainComfy, plainInvoke, plainMidjourney, plainNovelAi, plainSwarm } from './plain-others.ts'
import { tidySpace } from './tidy.ts'

/** Whose syntax a prompt is in. */
export const PROMPT_DIALECTS = ['a1111', 'comfy', 'novelai', 'midjourney', 'invoke', 'swarm', 'none'] as const
export type PromptDialect = (typeof PROMPT_DIALECTS)[number]

export interface PlainPromptOptions {
  /** Default `a1111`, which most prompts are in. */
  readonly dialect?: PromptDialect | undefined
  /** Steps that the sampler took: `[cat:dog:12]` counts in them. Without, such a text is that after the switch. */
  readonly steps?: number | undefined
}

/**
 * A prompt as a model reads it that knows none of its generator's syntax: without weights, LoRA tags, alternatives
 * and scheduling. Takes time in proportion to the text's length.
 */
export function plainPrompt(prompt: string, options: PlainPromptOptions = {}): string {
  checkObject(options, 'plainPrompt')
  if (typeof prompt !== 'string')
    throw new InputError('input_not_a_string', `A prompt is a string, not ${show(prompt)}.`, { prompt })
  const { dialect = 'a1111', steps } = options
  if (!Object.hasOwn(PLAIN, dialect))
    throw new InputError(
      'input_invalid_option',
      `There is no dialect ${show(dialect)}. Known are ${Object.keys(PLAIN).join(', ')}.`,
      { dialect },
    )
  return PLAIN[dialect](prompt, steps)
}

/** The dialect of what each format holds. */
export const DIALECTS: Readonly<Record<PromptFormat, PromptDialect>> = {
  a1111: 'a1111',
  caption: 'a1111',
  civitai: 'a1111',
  comfyui: 'comfy',
  'draw-things': 'a1111',
  'easy-diffusion': 'a1111',
  fooocus: 'a1111',
  'fooocus-mre': 'a1111',
  'hf-space': 'a1111',
  invokeai: 'invoke',
  'iptc-xmp': 'none',
  'kohya-sd-scripts': 'a1111',
  midjourney: 'midjourney',
  novelai: 'novelai',
  'ruined-fooocus': 'a1111',
  'stability-matrix': 'a1111',
  swarmui: 'swarm',
  tensorart: 'a1111',
}

const PLAIN: Readonly<Record<PromptDialect, (prompt: string, steps: number | undefined) => string>> = {
  a1111: plainA1111,
  comfy: plainComfy,
  novelai: plainNovelAi,
  midjourney: plainMidjourney,
  invoke: plainInvoke,
  swarm: plainSwarm,
  none: tidySpace,
}
