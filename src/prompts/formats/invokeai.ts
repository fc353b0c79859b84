import type { JsonObject } from '../../base/json-object.ts'
import type { FoundPrompt } from '../image-prompt.ts'
import { get, getText } from '../json-value.ts'
import type { TextFields } from '../text-fields.ts'

type Answer = Omit<FoundPrompt, 'where'>

/** InvokeAI's metadata of version 3 and later, and `sd-metadata` of version 2. */
export function promptOfInvoke(object: JsonObject): Answer | undefined {
  const prompt = getText(object, 'positive_prompt')
  if (prompt !== undefined)
    return { prompt, negative: getText(object, 'negative_prompt'), format: 'invokeai' }
  const old = get(get(object, 'image'), 'prompt')
  const parts = (Array.isArray(old) ? old : [old]).map((part: unknown) =>
    typeof part === 'string' ? part : getText(part, 'prompt'),
  )
  const texts = parts.filter((part) => part !== undefined)
  return texts.length === 0 ? undefined : withoutNegative(texts.join(', '))
}

/** InvokeAI before that: the command that made the picture. */
export function findDream(fields: TextFields): FoundPrompt | undefined {
  const dream = fields.first('Dream', 'dream')
  return dream && { ...withoutNegative(promptOfCommand(dream.text.trim())), where: dream.where }
}

/** What is in quotes, in which a quote is escaped; without quotes, what comes before the first switch. */
function promptOfCommand(command: string): string {
  if (!command.startsWith('"')) return command.split(/ --?[A-Za-z]/, 1)[0]!
  let prompt = ''
  for (let at = 1; at < command.length && command.charAt(at) !== '"'; at++) {
    if (command.charAt(at) === '\\' && '"\\'.includes(command.charAt(at + 1))) at++
    prompt += command.charAt(at)
  }
  return prompt
}

/** Words in brackets were the negative prompt. */
function withoutNegative(text: string): Answer {
  const negative: string[] = []
  let prompt = ''
  let at = 0
  for (;;) {
    const open = text.indexOf('[', at)
    const close = open < 0 ? -1 : text.indexOf(']', open)
    if (close < 0) break
    prompt += `${text.slice(at, open)} `
    negative.push(text.slice(open + 1, close))
    at = close + 1
  }
  prompt = (prompt + text.slice(at)).replace(/ {2,}/g, ' ').trim()
  return { prompt, negative: negative.join(' ').trim(), format: 'invokeai' }
}
