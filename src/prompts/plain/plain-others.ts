import { withoutAttention } from './attention.ts'
import { replaceTags } from './tags.ts'
import { tidy } from './tidy.ts'

/** ComfyUI: only round brackets mean something; LoRA tags and embeddings are out. */
export function plainComfy(prompt: string): string {
  const text = replaceTags(prompt, () => '').replace(/\bembedding:[^\s,()]+/gi, '')
  return tidy(withoutAttention(text, { square: false, dropBackslash: false }))
}

/** SwarmUI: `<segment:…>` begins a prompt for a part of the picture; of `<random:a, b>` the first. */
export function plainSwarm(prompt: string): string {
  const segment = prompt.search(/<segment[:[>]/i)
  const first = (name: string, rest: string): string => {
    if (name !== 'random' && name !== 'alternate' && name !== 'alt') return ''
    return rest.split(rest.includes('|') ? '|' : ',', 1)[0]!
  }
  const text = replaceTags(segment < 0 ? prompt : prompt.slice(0, segment), first, { bare: true })
  return plainComfy(text)
}

/** NovelAI: `{ }` and `[ ]` weigh, and so does `1.3::text::`. */
export function plainNovelAi(prompt: string): string {
  const text = prompt
    .replace(/[{}[\]]/g, '')
    .replace(/(?<![\d.])-?(?:\d{1,9}(?:\.\d{0,9})?|\.\d{1,9})::/g, '')
  return tidy(text.replaceAll('::', ''))
}

/** Midjourney: switches are at the end. */
export function plainMidjourney(prompt: string): string {
  const job = prompt.indexOf('Job ID:')
  const text = job < 0 ? prompt : prompt.slice(0, job)
  const at = text.search(/(?:^|\s)(?:--|—)[a-z]/i)
  return tidy(at < 0 ? text : text.slice(0, at))
}

/** InvokeAI, by compel: `word++`, `(some words)1.2`. */
export function plainInvoke(prompt: string): string {
  let text = ''
  let at = 0
  let open = 0
  // After a bracket a number or signs are its weight; after a word, signs at its end.
  for (; at < prompt.length; at++) {
    const char = prompt.charAt(at)
    if (char === '\\' && '()'.includes(prompt.charAt(at + 1) || ' ')) text += prompt.charAt(++at)
    else if (char === '(') open++
    else if (char === ')' && open > 0) {
      open--
      at += weightAt(prompt, at + 1)
    } else if ((char === '+' || char === '-') && /[\p{L}\p{N}"']/u.test(prompt.charAt(at - 1))) {
      let end = at
      while (prompt.charAt(end) === char) end++
      const next = prompt.charAt(end)
      if (next === '' || /[\s,.;()]/.test(next)) at = end - 1
      else {
        text += prompt.slice(at, end)
        at = end - 1
      }
    } else text += char
  }
  return tidy(text)
}

function weightAt(text: string, at: number): number {
  return /^(?:\++|-+|\d{1,9}(?:\.\d{0,9})?|\.\d{1,9})/.exec(text.slice(at, at + 24))?.[0].length ?? 0
}
