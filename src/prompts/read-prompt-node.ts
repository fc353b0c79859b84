import { checkObject } from '../base/check-object.ts'
import { nameImageError } from '../image/image-errors.ts'
import { type FetchLimits, fetchLimits } from '../image/inputs/fetch-limits.ts'
import { type NodeImageInput, openImageInput } from '../image/inputs/image-input-node.ts'
import { readImageFile } from '../image/pool/image-job-node.ts'
import { findPrompt, findPromptInPixels } from './find-prompt.ts'
import type { ImagePrompt, PromptSearch } from './image-prompt.ts'

export interface ReadPromptOptions extends FetchLimits {
  readonly signal?: AbortSignal | undefined
}

/**
 * The prompt that an image was made from, out of its file: of A1111 and its kin, ComfyUI, InvokeAI, Fooocus, NovelAI, SwarmUI,
 * Draw Things and others, in PNG, JPEG, WebP and AVIF; undefined where the file names none. Nothing in a file makes it
 * throw: what is damaged or too large is passed over. Throws `ImageError` where the file cannot be read at all
 * (`image_not_found`, `image_unreadable`, `image_too_large`, `image_truncated`, `image_unsupported` for what is no image input).
 */
export async function readPrompt(
  image: NodeImageInput,
  options: ReadPromptOptions = {},
): Promise<ImagePrompt | undefined> {
  return (await searchPrompt(image, options)).found
}

/** The same, with the reason where there is none. */
export async function searchPrompt(image: unknown, options: ReadPromptOptions = {}): Promise<PromptSearch> {
  checkObject(options, 'readPrompt')
  const { signal } = options
  const limits = fetchLimits(options)
  signal?.throwIfAborted()
  const opened = openImageInput(image)
  try {
    const { source } = await opened.read({ signal, ...limits })
    if ('raw' in source) return await findPromptInPixels(source.raw)
    const bytes = 'path' in source ? await readImageFile(source.path) : source.bytes
    signal?.throwIfAborted()
    return await findPrompt(bytes, { name: opened.name })
  } catch (error) {
    throw opened.name === undefined ? error : nameImageError(error, opened.name)
  }
}
