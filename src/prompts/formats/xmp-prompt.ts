import type { FoundPrompt } from '../image-prompt.ts'
import { getText, parseObject } from '../json-value.ts'
import type { TextFields } from '../text-fields.ts'
import { promptOfJson } from './json-prompt.ts'

/** Prompts that only XMP holds: Draw Things', and the property that IPTC has for them. */
export function findXmpPrompt(fields: TextFields): FoundPrompt | undefined {
  return findDrawThings(fields) ?? findIptc(fields) ?? findXmpJson(fields)
}

function findDrawThings(fields: TextFields): FoundPrompt | undefined {
  const comment = fields.first('xmp:UserComment', 'UserComment')
  const object = parseObject(comment?.text)
  const prompt = getText(object, 'c')
  if (comment && prompt !== undefined)
    return { prompt, negative: getText(object, 'uc'), format: 'draw-things', where: comment.where }
  const description = fields.get('xmp:description')
  if (!description || fields.get('xmp:CreatorTool')?.text.startsWith('Draw Things') !== true) return undefined
  return { ...promptOfDescription(description.text), format: 'draw-things', where: description.where }
}

/** Prompt, `-` and the negative prompt, settings. */
function promptOfDescription(text: string): Pick<FoundPrompt, 'prompt' | 'negative'> {
  const lines = text.split('\n').map((line) => line.trim())
  const settings = lines.findLastIndex((line) => line.startsWith('Steps: '))
  const told = settings < 0 ? lines : lines.slice(0, settings)
  const at = told.findIndex((line) => line.startsWith('-'))
  if (at < 0) return { prompt: told.join('\n') }
  return { prompt: told.slice(0, at).join('\n'), negative: told.slice(at).join('\n').slice(1) }
}

function findIptc(fields: TextFields): FoundPrompt | undefined {
  const field = fields.get('xmp:AIPromptInformation')
  return field && { prompt: field.text, format: 'iptc-xmp', where: field.where }
}

function findXmpJson(fields: TextFields): FoundPrompt | undefined {
  for (const key of ['xmp:UserComment', 'xmp:description']) {
    const field = fields.get(key)
    const object = parseObject(field?.text)
    const answer = object && promptOfJson(object)
    if (field && answer) return { ...answer, where: field.where }
  }
  return undefined
}
