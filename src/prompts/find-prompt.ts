import type { Inflate } from '../image/codecs/image-codecs.ts'
import { inflateStream } from '../image/formats/inflate/inflate-stream.ts'
import type { RawImage } from '../image/raw-image.ts'
import { findComfy } from './comfy/find-comfy.ts'
import { readFields } from './containers/containers.ts'
import { readStealth, readStealthPng, type StealthText } from './containers/stealth.ts'
import { finishPrompt } from './finish-prompt.ts'
import { findA1111, findXmpInfotext, promptOfInfotext } from './formats/a1111.ts'
import { findFieldPrompt } from './formats/field-prompt.ts'
import { findDream } from './formats/invokeai.ts'
import { findJsonPrompt, promptOfJson } from './formats/json-prompt.ts'
import { findMidjourney } from './formats/midjourney.ts'
import { findNovelAiDescription } from './formats/novelai.ts'
import { findXmpPrompt } from './formats/xmp-prompt.ts'
import type { FoundPrompt, NoPromptReason, PromptSearch } from './image-prompt.ts'
import { parseObject } from './json-value.ts'
import type { TextFields } from './text-fields.ts'

export interface FindOptions {
  /** The file's name: of several outputs of a ComfyUI graph, it tells which this is. */
  readonly name?: string | undefined
  /** For pixels that may hide a text. Default the platform's `DecompressionStream`. */
  readonly inflate?: Inflate | undefined
}

/** Looks for the prompt in an image's file. Never throws for what a file holds. */
export async function findPrompt(bytes: Uint8Array, options: FindOptions = {}): Promise<PromptSearch> {
  const fields = await readFields(bytes)
  if (!fields) return { reason: 'no-metadata' }
  const told = findInFields(fields, options.name)
  if (typeof told === 'object' && told.prompt !== '') return { found: finishPrompt(told) }
  const hidden =
    fields.container === 'PNG' ? await readStealthPng(bytes, options.inflate ?? inflateStream) : undefined
  const stealth = hidden && promptOfStealth(hidden, 'PNG')
  if (stealth) return { found: finishPrompt(stealth) }
  return typeof told === 'object' ? { found: finishPrompt(told) } : { reason: told }
}

/** Of pixels: only what is hidden in them. */
export async function findPromptInPixels(image: RawImage): Promise<PromptSearch> {
  const hidden = await readStealth(image)
  const found = hidden && promptOfStealth(hidden, 'pixels')
  return found ? { found: finishPrompt(found) } : { reason: 'no-metadata' }
}

/** The first prompt in the order in which writers are to be believed; an empty one where there is no other. */
function findInFields(fields: TextFields, name: string | undefined): FoundPrompt | NoPromptReason {
  let empty: FoundPrompt | undefined
  let isRuntime = false
  for (const find of FINDERS) {
    const found = find(fields, name)
    if (found === 'runtime-text') isRuntime = true
    else if (found && found.prompt.trim() !== '' && !isUnknown(found)) return found
    else if (found && !isUnknown(found)) empty ??= found
  }
  if (isRuntime) return 'runtime-text'
  if (empty) return { ...empty, prompt: '' }
  if (fields.tooLarge) return 'too-large'
  const cut = ['prompt', 'workflow', 'parameters'].some((key) =>
    fields.get(key)?.text.trimStart().startsWith('{'),
  )
  if (fields.damaged || cut) return 'damaged'
  if (fields.c2pa) return 'c2pa'
  return fields.all.length > 0 ? 'no-prompt' : 'no-metadata'
}

type Finder = (fields: TextFields, name: string | undefined) => FoundPrompt | 'runtime-text' | undefined

const FINDERS: readonly Finder[] = [
  findJsonPrompt,
  findNovelAiDescription,
  findDream,
  findA1111,
  findComfy,
  findFieldPrompt,
  findMidjourney,
  findXmpPrompt,
  findXmpInfotext,
]

/** What a saver writes when its input is not connected. */
const isUnknown = ({ prompt }: FoundPrompt): boolean => prompt.trim() === 'unknown'

function promptOfStealth({ text, channels }: StealthText, container: string): FoundPrompt | undefined {
  const where = `${container} stealth ${channels}`
  const object = parseObject(text)
  if (!object) return promptOfInfotext({ key: 'parameters', text, where })
  const answer = promptOfJson(object)
  return answer && { ...answer, where }
}
