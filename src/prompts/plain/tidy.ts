/** One space where there was any white space, none at the ends. */
export const tidySpace = (text: string): string => text.split(/\s+/).filter(Boolean).join(' ')

/** The same, and of commas with nothing between them one, none at the ends. */
export function tidy(text: string): string {
  // A comma without a space after it (`1,000`) stays so.
  let out = ''
  for (const word of tidySpace(text).split(' ')) out = addWord(out, word)
  let [start, end] = [0, out.length]
  while (start < end && ', '.includes(out.charAt(start))) start++
  while (end > start && ', '.includes(out.charAt(end - 1))) end--
  return out.slice(start, end)
}

function addWord(out: string, given: string): string {
  let word = given
  // Commas that follow each other.
  if (word.includes(',,')) word = word.replace(/,+/g, ',')
  if (word.startsWith(',') && out.endsWith(',')) word = word.slice(1)
  if (word === '') return out
  return out === '' || word.startsWith(',') ? out + word : `${out} ${word}`
}
