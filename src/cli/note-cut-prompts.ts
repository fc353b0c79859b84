import { show } from '../base/errors.ts'
import type { RewardKind } from '../models/kinds.ts'
import type { TextScorer } from '../scorers/text-scorer.ts'
import type { Context } from './context.ts'

/** Says which prompts the model sees only the beginning of, and which say nothing: an empty variable makes one. */
export function noteCutPrompts(
  { terminal }: Context,
  { tokenizer, kind }: TextScorer,
  prompts: readonly string[],
): void {
  prompts.forEach((prompt, i) => {
    const { truncated, count, cut, cleaned } = tokenizer.inspect(prompt)
    const which = prompts.length === 1 ? 'the prompt' : `prompt ${i + 1}`
    if (cleaned === '')
      terminal.problem(
        'warning',
        `${which} is empty: ${kind.label} says how near an image is to no text at all`,
      )
    if (!truncated) return
    terminal.problem(
      'warning',
      `${which} is cut: it has ${count} tokens, and the model reads ${tokenizer.contextLength}. Not read: ${show(cut)}`,
    )
  })
}

/** Says that a prompt changes nothing where no model runs that takes one. */
export function notePromptUnused({ terminal }: Context, kinds: readonly RewardKind[], prompts: number): void {
  if (prompts === 0 || kinds.some(({ takesPrompt }) => takesPrompt)) return
  const which = prompts === 1 ? 'the prompt is' : 'the prompts are'
  terminal.note(`${which} not used: ${kinds[0]!.label}, which runs alone, asks for none`)
}

/** The same of images that have a prompt each: once for all, for they may be many. */
export function noteCutOwnPrompts(
  { terminal }: Context,
  { tokenizer }: TextScorer,
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
