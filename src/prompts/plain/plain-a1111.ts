import { withoutAttention } from './attention.ts'
import { firstChoices } from './dynamic-prompts.ts'
import { replaceTags } from './tags.ts'
import { tidy } from './tidy.ts'

/**
 * What A1111's syntax says in words, in the order in which A1111 and Dynamic Prompts read it (modules/extra_networks.py,
 * prompt_parser.py).
 */
export function plainA1111(prompt: string, steps?: number): string {
  const parts = firstChoices(replaceTags(prompt, () => ''))
    .split(/\bAND\b/)
    .map(weighed)
    .filter(({ weight }) => weight > 0)
    .map(({ text }) => withoutAttention(text, { square: true, dropBackslash: true, steps }))
    .map((text) => tidy(text.replace(/\bBREAK\b/g, ',')))
  return parts.filter((part) => part !== '').join(' and ')
}

/** `a cat :1.2`. */
function weighed(part: string): { text: string; weight: number } {
  const trimmed = part.trimEnd()
  const colon = trimmed.lastIndexOf(':')
  const number = trimmed.slice(colon + 1).trim()
  if (colon < 0 || !/^[+-]?(?:\d+\.?|\d*\.\d+)$/.test(number)) return { text: part, weight: 1 }
  return { text: trimmed.slice(0, colon), weight: Number(number) }
}
