/** The parts of one `{…}`. */
interface Choice {
  readonly options: string[]
  text: string
  /** Square brackets that are open in it: `[red|blue]` is A1111's, and no choice of this one. */
  square: number
}

const newChoice = (): Choice => ({ options: [], text: '', square: 0 })

/**
 * Dynamic Prompts' syntax where the extension has not resolved it: of `{a|b}` the first, of `{2$$a|b|c}` the first two,
 * of `__props/old-clock__` the name. What is escaped stays.
 */
export function firstChoices(text: string): string {
  const stack: Choice[] = [newChoice()]
  for (let at = 0; at < text.length; at++) {
    const char = text.charAt(at)
    const top = stack.at(-1)!
    if (char === '\\') top.text += char + text.charAt(++at)
    else if (char === '{') stack.push(newChoice())
    else if (char === '}' && stack.length > 1) {
      stack.pop()
      stack.at(-1)!.text += chosen([...top.options, top.text])
    } else if (char === '|' && stack.length > 1 && top.square === 0) {
      top.options.push(top.text)
      top.text = ''
    } else if (char === '_' && text.startsWith('__', at)) {
      const end = endOfWildcard(text, at + 2)
      top.text += end < 0 ? char : nameOf(text.slice(at + 2, end))
      if (end >= 0) at = end + 1
    } else {
      if (char === '[') top.square++
      else if (char === ']' && top.square > 0) top.square--
      top.text += char
    }
  }
  // An opener without its closer vanishes.
  return stack.map(({ options, text: rest }) => [...options, rest].join('|')).join('')
}

/** `2$$`, `1-3$$`, `2$$ and $$` before the options; `0.5::` before one. */
function chosen(options: readonly string[]): string {
  const [, least, , separator] = /^\s*(\d{0,4})(-\d{0,4})?\$\$(?:([^$|]*)\$\$)?/.exec(options[0]!) ?? []
  if (least === undefined) return withoutWeight(options[0]!)
  const rest = [options[0]!.slice(options[0]!.indexOf('$$') + 2), ...options.slice(1)]
  if (separator !== undefined) rest[0] = rest[0]!.slice(separator.length + 2)
  const count = Math.max(1, Number(least))
  return rest
    .slice(0, count)
    .map(withoutWeight)
    .join(separator ?? ', ')
}

const withoutWeight = (option: string): string => option.replace(/^\s*\d{1,9}(?:\.\d{1,9})?::/, '')

/** Where the two underscores are that end it; -1 where none do. */
function endOfWildcard(text: string, from: number): number {
  // Names are short; a text of nothing but underscores must not be searched from each of them.
  for (let at = from; at < text.length && at < from + 256; at++) {
    if (at > from && text.startsWith('__', at)) return at
    if (!/[\w/*.~-]/.test(text.charAt(at))) return -1
  }
  return -1
}

const nameOf = (path: string): string => path.split('/').at(-1)!.replace(/[-_*]/g, ' ')
