/** One space where there was any white space, none at the ends. */
export const tidySpace = (text: string): string => text.split(/\s+/).filter(Boolean).join(' ')

/** The same, and of commas with nothing between them one, none at the ends. */
export function tidy(text: string): string {
  const words: string[] = []
  let afterComma = false
  for (const given of tidySpace(text).split(' ')) {
    // A comma without a space after it (`1,000`) stays so.
    const single = given.includes(',,') ? given.replace(/,+/g, ',') : given
    const word: string = afterComma && single.startsWith(',') ? single.slice(1) : single
    if (word === '') continue
    words.push(word.startsWith(',') || words.length === 0 ? word : ` ${word}`)
    afterComma = word.endsWith(',')
  }
  const out = words.join('')
  let [start, end] = [0, out.length]
  while (start < end && ', '.includes(out.charAt(start))) start++
  while (end > start && ', '.includes(out.charAt(end - 1))) end--
  return out.slice(start, end)
}
