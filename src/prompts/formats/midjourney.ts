import type { FoundPrompt } from '../image-prompt.ts'
import type { TextFields } from '../text-fields.ts'

/** Midjourney's description: the prompt with its switches, and a job's number, by which it is known. */
export function findMidjourney(fields: TextFields): FoundPrompt | undefined {
  for (const key of ['Description', 'ImageDescription', 'UserComment', 'xmp:description']) {
    const field = fields.get(key)
    const at = field ? jobAt(field.text) : -1
    if (!field || at < 0) continue
    const prompt = field.text.slice(0, at).trim()
    return { prompt, negative: negativeOf(prompt), format: 'midjourney', where: field.where }
  }
  return undefined
}

const JOB = 'Job ID:'

function jobAt(text: string): number {
  const at = text.lastIndexOf(JOB)
  const id = text.slice(at + JOB.length).trim()
  return at >= 0 && /^[\da-f]{8}(?:-[\da-f]{4}){3}-[\da-f]{12}/i.test(id) ? at : -1
}

/** `--no gears, people`. */
function negativeOf(prompt: string): string | null {
  const switches = prompt.split(/(?:^|\s)(?:--|—)(?=[a-z])/i).slice(1)
  const no = switches.filter((part) => /^no\s/i.test(part)).map((part) => part.slice(3).trim())
  return no.join(', ') || null
}
