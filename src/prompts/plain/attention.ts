/** What is open: a bracket with what stands in it so far, apart by `:` and `|`. */
interface Open {
  readonly kind: '(' | '[' | ''
  readonly texts: string[]
  /** The mark after each text but the last. */
  readonly marks: string[]
}

export interface AttentionOptions {
  /** `[ ]` are brackets, too: alternation and scheduling. */
  readonly square: boolean
  /** A backslash before anything else is dropped. */
  readonly dropBackslash: boolean
  readonly steps?: number | undefined
}

/**
 * Takes off brackets and weights in one pass, each character looked at once and text moved only when its bracket closes. A
 * closer that closes nothing stays; an opener that nothing closes vanishes.
 */
export function withoutAttention(text: string, options: AttentionOptions): string {
  const { square, dropBackslash } = options
  const literal = square ? '()[]\\' : '()'
  const stack: Open[] = [newOpen('')]
  const open = { '(': 0, '[': 0 }
  for (let at = 0; at < text.length; at++) {
    const char = text.charAt(at)
    const top = stack.at(-1)!
    if (char === '\\') {
      const next = text.charAt(at + 1)
      if (next !== '' && literal.includes(next)) {
        add(top, next)
        at++
      } else if (!dropBackslash) add(top, char)
    } else if (char === '(' || (char === '[' && square)) {
      stack.push(newOpen(char))
      open[char]++
    } else if (char === ')' || (char === ']' && square)) closeBracket(stack, open, char, options.steps)
    else if (char === ':' || (char === '|' && top.kind === '[')) {
      top.marks.push(char)
      top.texts.push('')
    } else add(top, char)
  }
  return stack.map(whole).join('')
}

const newOpen = (kind: Open['kind']): Open => ({ kind, texts: [''], marks: [] })

function add({ texts }: Open, text: string): void {
  texts[texts.length - 1] += text
}

/** By adding, not by joining: what holds a long text once more does not copy it. */
const whole = ({ texts, marks }: Open): string =>
  texts.reduce((sum, text, i) => sum + text + (marks[i] ?? ''), '')

/** `open` counts the openers of each kind on the stack: it need not be searched for one that is not there. */
function closeBracket(
  stack: Open[],
  open: Record<'(' | '[', number>,
  closer: ')' | ']',
  steps: number | undefined,
): void {
  const kind = closer === ')' ? '(' : '['
  if (open[kind] === 0) {
    add(stack.at(-1)!, closer)
    return
  }
  const inner: Open[] = []
  let top = stack.pop()!
  for (; top.kind !== kind; top = stack.pop()!) inner.push(top)
  open[kind]--
  // `(a [b)`: the inner opener closes nothing. From the outside in, so that each text is moved once.
  for (const unclosed of inner.reverse()) {
    open[unclosed.kind as '(' | '[']--
    merge(top, unclosed)
  }
  add(stack.at(-1)!, closer === ')' ? withoutWeight(top) : active(top, steps))
}

/** Appends with the marks kept, so that a weight of the outer bracket is still one. */
function merge(into: Open, { texts, marks }: Open): void {
  for (const [i, text] of texts.entries()) {
    if (i === 0) add(into, text)
    else into.texts.push(text)
  }
  for (const mark of marks) into.marks.push(mark)
}

/** A weight or a step; of a long text it is not asked. */
const isNumber = (text: string): boolean =>
  text.length <= 64 && /^\s*[+-]?(?:\d+(?:\.\d*)?|\.\d+)\s*$/.test(text)

function withoutWeight(open: Open): string {
  const { texts, marks } = open
  if (texts.length > 1 && marks.at(-1) === ':' && isNumber(texts.at(-1)!))
    return whole({ ...open, texts: texts.slice(0, -1), marks: marks.slice(0, -1) })
  return whole(open)
}

/** `[a|b]`: the first. `[from:to:when]`, `[to:when]`: the side that is active longer. Else what is in it. */
function active(open: Open, steps: number | undefined): string {
  const { texts, marks } = open
  const pipe = marks.indexOf('|')
  if (pipe >= 0) return whole({ ...open, texts: texts.slice(0, pipe + 1), marks: marks.slice(0, pipe) })
  const last = texts.at(-1)!
  if (texts.length < 2 || texts.length > 3 || !isNumber(last)) return whole(open)
  const [from, to] = texts.length === 3 ? [texts[0]!, texts[1]!] : ['', texts[0]!]
  const when = Number(last)
  // Above 1 it is a step, of a count that may be unknown.
  const share = when <= 1 ? when : when / (steps ?? Infinity)
  return share > 0.5 ? from : to
}
