/** HTML that is safe to put into a page as it is. */
export class Html {
  constructor(readonly text: string) {}
}

type Part = string | number | Html | undefined | false | readonly Part[]

/**
 * A template whose values are escaped, in text and in quoted attributes alike: file names and prompts are anybody's.
 * Only what is {@link Html} itself goes in as it is. Lists are joined; `undefined` and `false` are left out.
 */
export function html(literals: TemplateStringsArray, ...parts: readonly Part[]): Html {
  return new Html(literals.reduce((text, literal, i) => text + escaped(parts[i - 1]) + literal))
}

function escaped(part: Part): string {
  if (part instanceof Html) return part.text
  if (Array.isArray(part)) return part.map(escaped).join('')
  if (part === undefined || part === false) return ''
  return visible(String(part)).replace(/[&<>"'`]/g, (c) => `&#${c.charCodeAt(0)};`)
}

/** Control characters, and marks that turn the direction of what follows, would make a name look like another. */
function visible(text: string): string {
  return text.replace(/[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069\ufffe\uffff\p{Cs}]/gu, '\ufffd')
}
