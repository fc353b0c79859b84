import type { JsonObject } from '../base/json-object.ts'
import { decodeText } from '../text/decode-text.ts'
import { finishPrompt } from './finish-prompt.ts'
import { promptOfInfotext } from './formats/a1111.ts'
import { isInfotext } from './formats/infotext.ts'
import { promptOfJson } from './formats/json-prompt.ts'
import type { FoundPrompt, ImagePrompt } from './image-prompt.ts'
import { getText, parseObject } from './json-value.ts'

/** What may lie beside an image, in the order in which it is looked for. */
export const SIDECAR_EXTENSIONS = ['.txt', '.caption', '.json'] as const

/**
 * The prompt of a file beside an image. A `.json` is an object of a generator, or has a `prompt`, `caption` or `text`; a text
 * is an infotext, Easy Diffusion's `Prompt: …` lines, or captions, of which the first line counts. Undefined where there is none.
 * Throws `InputError` `input_not_text`.
 */
export function promptOfSidecar(bytes: Uint8Array, name: string): ImagePrompt | undefined {
  const text = decodeText(bytes, name)
  const where = `sidecar ${name.split(/[\\/]/).at(-1)!}`
  const found = /\.json$/i.test(name) ? ofJson(text) : ofText(text, where)
  return found && finishPrompt({ ...found, where })
}

type Answer = Omit<FoundPrompt, 'where'>

function ofJson(text: string): Answer | undefined {
  const object: JsonObject | undefined = parseObject(text)
  if (!object) return undefined
  const answer = promptOfJson(object)
  // That a key is called `prompt` says nothing of who wrote it.
  if (answer) return answer.format === 'hf-space' ? { ...answer, format: 'easy-diffusion' } : answer
  const caption = getText(object, 'caption', 'text', 'description')
  return caption === undefined ? undefined : { prompt: caption, format: 'caption' }
}

function ofText(text: string, where: string): Answer | undefined {
  if (parseObject(text)) return ofJson(text)
  const lines = text.split(/\r?\n/)
  const named = (...keys: readonly string[]): string | undefined => {
    const line = lines.find((one) => keys.some((key) => one.startsWith(`${key}: `)))
    return line?.slice(line.indexOf(':') + 1).trim()
  }
  // Easy Diffusion names every line, and has its steps on a line of their own.
  const prompt = named('Prompt')
  if (prompt !== undefined && lines[0]!.startsWith('Prompt: ') && lines.length > 1)
    return { prompt, negative: named('Negative Prompt', 'Negative prompt'), format: 'easy-diffusion' }
  if (isInfotext(text)) return promptOfInfotext({ key: 'parameters', text, where })
  const first = lines.find((line) => line.trim() !== '')
  return first === undefined ? undefined : { prompt: first, format: 'caption' }
}
