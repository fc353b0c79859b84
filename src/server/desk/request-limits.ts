import { InputError, RequestError, show } from '../../base/errors.ts'
import type { ScoreItem, ServedReward } from '../reward-desk.ts'

export interface RequestLimitOptions {
  /** Pairs of images and prompts in one request. */
  readonly maxItems: number
  /** Characters. */
  readonly maxPromptLength: number
}

/** What one request may ask; nothing is run for one that asks for more. */
export class RequestLimits {
  readonly #options: RequestLimitOptions

  constructor(options: RequestLimitOptions) {
    this.#options = options
  }

  /** Throws `InputError` for what are not bytes, `RequestError` for too many items and for prompts that are missing or too long. */
  checkItems(items: readonly ScoreItem[], asked: readonly ServedReward[]): void {
    this.checkCount(items.length)
    const reader = asked.find(({ takesPrompt }) => takesPrompt)
    for (const [i, item] of items.entries()) {
      const { image, prompt } = (item as ScoreItem | null | undefined) ?? {}
      if (!(image instanceof Uint8Array))
        throw new InputError('input_invalid_option', `Image ${i} is ${show(image)}, not the bytes of a file.`)
      if (prompt === undefined && reader)
        throw new RequestError(
          'request_invalid',
          `${reader.name} scores an image by a prompt, and image ${i} has none. Send a prompt, or ask for another reward.`,
          { index: i, reward: reader.name },
        )
      if (prompt !== undefined) this.checkPrompt(prompt, `The prompt of image ${i}`)
    }
  }

  /** Throws `RequestError` `request_too_large` for more pairs of images and prompts than a request may have. */
  checkCount(count: number): void {
    const { maxItems } = this.#options
    if (count <= maxItems) return
    throw new RequestError(
      'request_too_large',
      `The request asks for ${count} scores; the server takes ${maxItems} at a time. Send it in parts.`,
      { count, maxItems },
    )
  }

  /** Throws `RequestError` `request_invalid` for what is no text, `request_too_large` for one that is too long. */
  checkPrompt(prompt: unknown, what: string): void {
    const { maxPromptLength } = this.#options
    if (typeof prompt !== 'string')
      throw new RequestError('request_invalid', `${what} is ${show(prompt)}; send text.`)
    if (prompt.length <= maxPromptLength) return
    throw new RequestError(
      'request_too_large',
      `${what} has ${prompt.length} characters; the server takes ${maxPromptLength}, and the models read far fewer.`,
      { length: prompt.length, maxPromptLength },
    )
  }
}
