import { readFile, stat } from 'node:fs/promises'
import { basename } from 'node:path'
import { type Command, Option } from 'commander'
import { ImageError } from '../../base/errors.ts'
import type { ImagePrompt, NoPromptReason } from '../../prompts/image-prompt.ts'
import type { NamedImage } from '../named-image.ts'

const SOURCES = ['metadata', 'sidecar', 'name'] as const
export type PromptSource = (typeof SOURCES)[number]

export interface PromptSourceFlags {
  readonly promptFrom?: PromptSource
  readonly plain?: true
}

/** An image with the prompt to score it by. */
export interface PromptedImage extends NamedImage {
  /** Among all images, those without a prompt counted in. */
  readonly place: number
  readonly prompt: string
  /** What it is ranked within, where that is not its prompt. */
  readonly group?: string | undefined
}

export function addPromptSource(command: Command, conflicts: readonly string[]): Command {
  return command
    .addOption(
      new Option(
        '--prompt-from <place>',
        "each image's own prompt: out of its metadata, a .txt, .caption or .json file beside it, or its name",
      )
        .choices(SOURCES)
        .conflicts([...conflicts]),
    )
    .option('--plain', 'score prompts without weights, LoRA tags, BREAK and scheduling')
}

/** Prompts of the command line, plain where that is asked for. */
export async function asAsked<T extends string | undefined>(
  prompts: readonly T[],
  { plain }: PromptSourceFlags,
): Promise<readonly T[]> {
  if (!plain) return prompts
  const { plainPrompt } = await import('../../prompts/plain/plain-prompt.ts')
  return prompts.map((prompt) => (prompt === undefined ? prompt : (plainPrompt(prompt) as T)))
}

/** Throws `ImageError` `image_no_prompt`, and what reading throws. */
export async function findImagePrompt(
  image: NamedImage,
  source: PromptSource,
  signal: AbortSignal,
): Promise<ImagePrompt> {
  const found = await READERS[source](image, signal)
  if (typeof found === 'string') throw noPrompt(found)
  if (found.plain.trim() === '') throw noPrompt(`Its prompt (${found.where}) is empty.`)
  return found
}

const noPrompt = (why: string): ImageError =>
  new ImageError('image_no_prompt', `${why} Give a --prompt for it, or leave it out.`)

/** A prompt, or why there is none. */
const READERS: Readonly<
  Record<PromptSource, (image: NamedImage, signal: AbortSignal) => Promise<ImagePrompt | string>>
> = {
  metadata: async ({ input }, signal) => {
    const { searchPrompt } = await import('../../prompts/read-prompt-node.ts')
    const { found, reason } = await searchPrompt(input, { signal })
    return found ?? REASONS[reason!]
  },
  name: async ({ name }) => {
    const { promptOfName } = await import('../../prompts/prompt-of-name.ts')
    return promptOfName(name) ?? 'Its name holds no prompt: neither words nor a number behind a prompt.'
  },
  sidecar: async ({ input }) => {
    if (typeof input !== 'string') return 'It is an address, and has no file beside it.'
    const { promptOfSidecar, SIDECAR_EXTENSIONS } = await import('../../prompts/sidecar.ts')
    const stem = input.replace(/\.[^./\\]*$/, '')
    for (const path of SIDECAR_EXTENSIONS.flatMap((extension) => [stem + extension, input + extension])) {
      const found = await stat(path).catch(() => undefined)
      if (!found?.isFile() || found.size > MAX_SIDECAR) continue
      const bytes = await readFile(path).catch((cause: Error) => cause)
      if (bytes instanceof Error) return `${path} beside it cannot be read (${bytes.message}).`
      const prompt = promptOfSidecar(bytes, basename(path))
      if (prompt) return prompt
    }
    return `No ${SIDECAR_EXTENSIONS.join(', ')} file beside it holds a prompt.`
  },
}

/** Metadata of a generator; data sets' own tables are larger, and none of this. */
const MAX_SIDECAR = 2 ** 24

const REASONS: Readonly<Record<NoPromptReason, string>> = {
  'no-metadata': 'Its file holds no metadata with a prompt.',
  'no-prompt': 'Its metadata holds no prompt.',
  'runtime-text':
    'Its prompt was made while the picture was (by a captioner or a language model), and is not in the file.',
  damaged: 'Its metadata is damaged.',
  'too-large': 'Its metadata is too large to be a prompt.',
  c2pa: 'Its file says by C2PA that it was generated, and names no prompt.',
}
