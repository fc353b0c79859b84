import type { FoundPrompt, ImagePrompt } from './image-prompt.ts'
import { DIALECTS, plainPrompt } from './plain/plain-prompt.ts'

/** With its plain text, trimmed, lines ending in `\n`. */
export function finishPrompt({ prompt: raw, negative, format, where, steps }: FoundPrompt): ImagePrompt {
  const prompt = tidyLines(raw)
  return {
    prompt,
    negative: tidyLines(negative ?? '') || null,
    plain: plainPrompt(prompt, { dialect: DIALECTS[format], steps }),
    format,
    where,
  }
}

const tidyLines = (text: string): string => text.replaceAll('\r\n', '\n').replaceAll('\0', '').trim()
