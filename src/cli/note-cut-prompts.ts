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

/** The same of images that have a prompt each: once for all, for they may be many. */
export function noteCutOwnPrompts(
  { terminal }: Context,
  { tokenizer }: IctScorer,
  images: readonly { readonly name: string; readonly prompt: string }[],
): void {
  const cut = images.filter(({ prompt }) => tokenizer.inspect(prompt).truncated)
  if (cut.length === 0) return
  const those =
    cut.length === 1 ? `the prompt of ${cut[0]!.name} is` : `the prompts of ${cut.length} images are`
  terminal.problem(
    'warning',
    `${those} cut: the model reads ${tokenizer.contextLength} tokens. \`icthp inspect --text\` shows which`,
  )
}
