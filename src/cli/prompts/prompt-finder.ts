import { IcthpError } from '../../base/errors.ts'
import type { Context } from '../context.ts'
import type { ImageFailure, NamedImage } from '../named-image.ts'
import { findImagePrompt, type PromptedImage, type PromptSourceFlags } from './image-prompts.ts'

/** Files read at once. */
const AT_ONCE = 8

/** `--prompt-from`: finds the prompts of images. Those without one are told as failures. */
export class PromptFinder {
  #withSyntax = 0

  constructor(
    private readonly context: Context,
    private readonly flags: PromptSourceFlags,
    private readonly fail: (failure: ImageFailure) => void,
  ) {}

  /** Images without a prompt are left out; that others hold syntax which is scored as it stands is noted once. */
  async findAll(images: readonly NamedImage[]): Promise<readonly PromptedImage[]> {
    const { terminal } = this.context
    const prompted: PromptedImage[] = []
    for (let at = 0; at < images.length; at += AT_ONCE) {
      const some = images.slice(at, at + AT_ONCE)
      const answers = await Promise.all(some.map((image) => this.#ask(image)))
      answers.forEach((answer, i) => {
        const found = this.#taken(some[i]!, at + i, answer)
        if (found) prompted.push(found)
      })
      const loaded = at + some.length
      terminal.progress({ stage: 'read', item: 'prompts', loaded, total: images.length, unit: 'files' })
    }
    this.noteSyntax()
    return prompted
  }

  /** Undefined where it has none. */
  async find(image: NamedImage, place: number): Promise<PromptedImage | undefined> {
    return this.#taken(image, place, await this.#ask(image))
  }

  /** Says how many prompts hold what `--plain` takes off. */
  noteSyntax(): void {
    const count = this.#withSyntax
    if (count === 0 || this.flags.plain) return
    this.context.terminal.note(
      `${count === 1 ? '1 prompt holds' : `${count} prompts hold`} weights, tags or other syntax of its generator, ` +
        'which is scored as it stands; --plain takes it off',
    )
  }

  /** Throws what is not the image's fault, and the signal's reason. */
  async #ask(image: NamedImage): Promise<Answer> {
    const { signal } = this.context.io
    signal.throwIfAborted()
    const { tidy } = await import('../../prompts/plain/tidy.ts')
    try {
      const { prompt, plain } = await findImagePrompt(image, this.flags.promptFrom!, signal)
      return { prompt: this.flags.plain ? plain : prompt, hasSyntax: tidy(prompt) !== tidy(plain) }
    } catch (error) {
      signal.throwIfAborted()
      return failureOf(image, error)
    }
  }

  #taken(image: NamedImage, place: number, answer: Answer): PromptedImage | undefined {
    if ('code' in answer) return void this.fail(answer)
    if (answer.hasSyntax) this.#withSyntax++
    return { ...image, place, prompt: answer.prompt }
  }
}

type Answer = ImageFailure | { readonly prompt: string; readonly hasSyntax: boolean }

function failureOf({ name, input }: NamedImage, error: unknown): ImageFailure {
  if (!(error instanceof IcthpError)) throw error
  const prefix = `${String(input)}: `
  const { code, message } = error
  return { image: name, code, message: message.startsWith(prefix) ? message.slice(prefix.length) : message }
}
