import { ImageError } from '../../../src/base/errors.ts'
import { findPrompt } from '../../../src/prompts/find-prompt.ts'
import { corpusOf } from '../corpus.ts'
import type { FuzzTarget } from '../fuzz.ts'

/** A prompt of strings, or a reason why there is none; nothing in a file makes it throw. */
export const prompts: FuzzTarget = {
  name: 'prompts',
  corpus: corpusOf('prompts', /\.(avif|jpg|png|webp)$/),
  async run(mutant, name) {
    const { found, reason } = await findPrompt(mutant, { name }).catch((error: unknown) => {
      if (error instanceof ImageError) throw new Error(`it threw ${error.code}`, { cause: error })
      throw error
    })
    if (!found) return reason!
    const { prompt, negative, plain, format, where } = found
    if (![prompt, plain, format, where, negative ?? ''].every((text) => typeof text === 'string'))
      throw new Error(`not a prompt: ${JSON.stringify(found)}`)
    return format
  },
}
