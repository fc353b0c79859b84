import { show } from '../../base/errors.ts'
import type { RewardKind } from '../../models/kinds.ts'
import type { TextScorer } from '../../scorers/text-scorer.ts'
import type { Context } from '../context.ts'

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

/** The same of images that have a prompt each: looked at as they are scored, and told once for all, for they may be many. */
export class CutPrompts {
  #count = 0
  #first = ''
  /** Images of one prompt follow each other. */
  #last: { readonly prompt: string; readonly isCut: boolean } | undefined

  constructor(private readonly reader: TextScorer) {}

  look({ name, prompt }: { readonly name: string; readonly prompt: string }): void {
    if (this.#last?.prompt !== prompt)
      this.#last = { prompt, isCut: this.reader.tokenizer.inspect(prompt).truncated }
    if (this.#last.isCut && this.#count++ === 0) this.#first = name
  }

  note({ terminal }: Context): void {
    const count = this.#count
    if (count === 0) return
    const those = count === 1 ? `the prompt of ${this.#first} is` : `the prompts of ${count} images are`
    const most = this.reader.tokenizer.contextLength
    terminal.problem(
      'warning',
      `${those} cut: the model reads ${most} tokens. \`icthp inspect --text\` shows which`,
    )
  }
}
