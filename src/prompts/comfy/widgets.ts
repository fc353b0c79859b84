import { asObject, get, getText } from '../json-value.ts'
import { listOf } from './scope.ts'

/** What the editor adds behind a seed's value: what becomes of it after a run. */
const AFTER_SEED = ['fixed', 'increment', 'decrement', 'randomize']

/** The values typed at a node of the editor, with their names as far as they can be told. */
export function valuesOfWidgets(type: string, entry: unknown): Record<string, unknown> {
  const values = get(entry, 'widgets_values')
  if (!Array.isArray(values)) return { ...asObject(values) }
  return byInputs(entry, values as unknown[]) ?? byType(type, values as unknown[])
}

/** Newer editors list all widgets among the inputs; where one is missing, no place is sure. */
function byInputs(entry: unknown, values: readonly unknown[]): Record<string, unknown> | undefined {
  const named: Record<string, unknown> = Object.create(null) as Record<string, unknown>
  let at = 0
  for (const input of listOf(entry, 'inputs')) {
    const name = getText(get(input, 'widget'), 'name')
    if (name === undefined) continue
    named[name] = values[at++]
    if (/seed$/i.test(name) && AFTER_SEED.includes(values[at] as string)) at++
  }
  return at === values.length && at > 0 ? named : undefined
}

/** By what nodes of the type are known to have. */
function byType(type: string, values: readonly unknown[]): Record<string, unknown> {
  const texts = values.filter((value) => typeof value === 'string')
  if (/sampler/i.test(type)) return { seed: 0 }
  if (type === 'CLIPTextEncodeSDXL') return { text_g: texts[0], text_l: texts[1] }
  if (type === 'CLIPTextEncodeFlux') return { clip_l: texts[0], t5xxl: texts[1] }
  if (type === 'ImpactWildcardProcessor' || type === 'ImpactWildcardEncode')
    return { wildcard_text: texts[0], populated_text: texts[1] }
  if (/save|preview/i.test(type)) return { filename_prefix: texts[0] }
  if (type === 'StringConcatenate') return { string_a: texts[0], string_b: texts[1], delimiter: texts[2] }
  // Kontext and contexts hold none.
  return /(?<!kon|con)text|string|prompt|primitive|wildcard/i.test(type) && texts.length > 0
    ? { text: texts[0] }
    : {}
}
