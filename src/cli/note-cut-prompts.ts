import { show } from '../base/errors.ts'
import type { IctScorer } from '../scorers/ict-scorer.ts'
import type { Context } from './context.ts'

/** Says which prompts the model sees only the beginning of. */
export function noteCutPrompts(
  { terminal }: Context,
  { tokenizer }: IctScorer,
  prompts: readonly string[],
): void {
  prompts.forEach((prompt, i) => {
    const { truncated, count, cut } = tokenizer.inspect(prompt)
    if (!truncated) return
    const which = prompts.length === 1 ? 'the prompt' : `prompt ${i + 1}`
    terminal.problem(
      'warning',
      `${which} is cut: it has ${count} tokens, and the model reads ${tokenizer.contextLength}. Not read: ${show(cut)}`,
    )
  })
}
