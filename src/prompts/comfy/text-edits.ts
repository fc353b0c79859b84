import { get } from '../json-value.ts'
import type { Node } from './graph.ts'
import { RUNTIME } from './walk.ts'

type Edit = (text: string, node: Node) => string | typeof RUNTIME

/** What a node makes of its text; what cannot be told is not passed off as what went in. */
export function editOf({ type }: Node): Edit | undefined {
  return EDITS.find(([named]) => named.test(type))?.[1]
}

const EDITS: readonly (readonly [RegExp, Edit])[] = [
  [/reg(?:ex|ular)|random/i, () => RUNTIME],
  [/replace/i, replaced],
  [/substring/i, (text, node) => [...text].slice(numberOf(node, 'start'), numberOf(node, 'end')).join('')],
  [/^caseconverter$/i, cased],
  [/prompt ?line/i, lineOf],
]

function numberOf({ inputs }: Node, name: string): number | undefined {
  const value = get(inputs, name)
  return typeof value === 'number' ? value : undefined
}

/** `find` and `replace`, or `find1` and `replace1` and so on. */
function replaced(text: string, { inputs }: Node): string | typeof RUNTIME {
  let out = text
  let isTold = false
  for (const n of ['', '1', '2', '3']) {
    const [find, by] = [get(inputs, `find${n}`), get(inputs, `replace${n}`)]
    if (find === undefined && by === undefined) continue
    if (typeof find !== 'string' || typeof by !== 'string') return RUNTIME
    isTold = true
    if (find !== '') out = out.split(find).slice(0, 10_000).join(by)
  }
  return isTold ? out : RUNTIME
}

function cased(text: string, { inputs }: Node): string | typeof RUNTIME {
  const mode = get(inputs, 'mode')
  if (mode === 'UPPERCASE') return text.toUpperCase()
  return mode === 'lowercase' ? text.toLowerCase() : RUNTIME
}

/** One line of many; of several, each made a picture of its own. */
function lineOf(text: string, node: Node): string | typeof RUNTIME {
  const lines = text.split('\n')
  const start = numberOf(node, 'start_index') ?? 0
  const rows = numberOf(node, 'max_rows') ?? 1
  const chosen = lines.slice(start, start + rows)
  return chosen.length === 1 ? chosen[0]! : RUNTIME
}
