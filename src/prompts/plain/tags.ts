/**
 * Replaces `<name:…>` tags by what `by` makes of them. A `<` that opens none (`I <3 tea`) stays. A tag within a tag ends where
 * the outer one does. `bare`: also `<break>`, without arguments.
 */
export function replaceTags(
  text: string,
  by: (name: string, rest: string) => string,
  { bare = false }: { readonly bare?: boolean } = {},
): string {
  let out = ''
  let at = 0
  for (const { index } of text.matchAll(bare ? BARE : WITH_ARGUMENTS)) {
    if (index < at) continue
    const end = endOfTag(text, index)
    if (end < 0) break
    const body = text.slice(index + 1, end)
    const colon = body.indexOf(':')
    const name = colon < 0 ? body : body.slice(0, colon)
    const told = by(name.split('[', 1)[0]!.toLowerCase(), colon < 0 ? '' : body.slice(colon + 1))
    out += text.slice(at, index) + told
    at = end + 1
  }
  return out + text.slice(at)
}

const WITH_ARGUMENTS = /<(?=\w{1,64}(?:\[[^\]<>]{0,64}\])?:)/g
const BARE = /<(?=\w{1,64}(?:\[[^\]<>]{0,64}\])?[:>])/g

function endOfTag(text: string, from: number): number {
  let depth = 0
  for (let at = from; at < text.length; at++) {
    const char = text.charAt(at)
    if (char === '<' && /\w/.test(text.charAt(at + 1)) && !/\d/.test(text.charAt(at + 1))) depth++
    else if (char === '>' && --depth <= 0) return at
  }
  return -1
}
