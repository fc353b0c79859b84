import type { JsonObject } from '../../base/json-object.ts'
import type { FoundPrompt } from '../image-prompt.ts'
import { asObject, get, getText, parseObject } from '../json-value.ts'
import type { TextFields } from '../text-fields.ts'

type Answer = Omit<FoundPrompt, 'where'>

/**
 * NovelAI's `Comment`, or an object that holds it (in Exif, and in the pixels). `fields` are those beside it: other writers
 * have a `Comment` with a `prompt`, too.
 */
export function promptOfNovelAi(object: JsonObject, fields?: TextFields): Answer | undefined {
  const comment = asObject(get(object, 'Comment')) ?? parseObject(getText(object, 'Comment'))
  if (comment) {
    const said = answer(comment, getText(object, 'Description'))
    if (said) return said
  }
  const software = getText(object, 'Software') ?? fields?.get('Software')?.text ?? ''
  const isOurs = software.startsWith('NovelAI') || has(object, 'v4_prompt') || has(object, 'uc')
  return isOurs ? answer(object, getText(object, 'Description')) : undefined
}

/** The description of a picture whose comment is not there. */
export function findNovelAiDescription(fields: TextFields): FoundPrompt | undefined {
  const description = fields.first('Description', 'ImageDescription')
  if (!description || fields.get('Software')?.text.startsWith('NovelAI') !== true) return undefined
  return { prompt: description.text, format: 'novelai', where: description.where }
}

const has = (object: JsonObject, key: string): boolean => get(object, key) !== undefined

function answer(comment: JsonObject, description: string | undefined): Answer | undefined {
  // Empty captions of version 4 are those of a picture that was made without them.
  const prompt = captions(get(comment, 'v4_prompt')) || (getText(comment, 'prompt') ?? description)
  if (prompt === undefined) return undefined
  const negative = captions(get(comment, 'v4_negative_prompt')) || getText(comment, 'uc')
  return { prompt, negative, format: 'novelai' }
}

/** Version 4: the picture's caption, and one a character. */
function captions(prompt: unknown): string | undefined {
  const caption = get(prompt, 'caption')
  const base = getText(caption, 'base_caption')
  const characters = get(caption, 'char_captions')
  if (base === undefined) return undefined
  const parts = Array.isArray(characters)
    ? characters.map((character: unknown) => getText(character, 'char_caption') ?? '')
    : []
  return [base, ...parts].filter((part) => part.trim() !== '').join(', ')
}
