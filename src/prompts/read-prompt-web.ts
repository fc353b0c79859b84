import { checkObject } from '../base/check-object.ts'
import { nameImageError } from '../image/image-errors.ts'
import { type FetchLimits, fetchLimits } from '../image/inputs/fetch-limits.ts'
import { openWebImage, type WebImageInput } from '../image/inputs/image-input-web.ts'
import { findPrompt, findPromptInPixels } from './find-prompt.ts'
import type { ImagePrompt } from './image-prompt.ts'

export interface ReadPromptOptions extends FetchLimits {
  readonly signal?: AbortSignal | undefined
}

/**
 * The prompt that an image was made from, out of its file: of A1111 and its kin, ComfyUI, InvokeAI, Fooocus, NovelAI, SwarmUI,
 * Draw Things and others, in PNG, JPEG, WebP and AVIF; undefined where the file names none, and of what the browser
 * has decoded itself (canvas, bitmap, video frame). Nothing in a file makes it throw: what is damaged or too large is passed
 * over. Throws `ImageError` where the file cannot be had (`image_not_found`, `image_unreadable`, `image_too_large`,
 * `image_truncated`) or it is no image input (`image_unsupported`).
 */
export async function readPrompt(
  image: WebImageInput,
  options: ReadPromptOptions = {},
): Promise<ImagePrompt | undefined> {
  checkObject(options, 'readPrompt')
  const { signal } = options
  const limits = fetchLimits(options)
  signal?.throwIfAborted()
  const { name, read } = openWebImage(image)
  try {
    const { source } = await read({ signal, ...limits })
    if ('raw' in source) return (await findPromptInPixels(source.raw)).found
    if ('bitmap' in source) {
      source.bitmap.close()
      return undefined
    }
    signal?.throwIfAborted()
    return (await findPrompt(source.bytes, { name })).found
  } catch (error) {
    throw name === undefined ? error : nameImageError(error, name)
  }
}
