import { isObject, type JsonObject } from '../base/json-object.ts'

/**
 * Parses JSON as generators write it: NaN and Infinity outside strings are null, NULs at the end are cut. Undefined where
 * it is none.
 */
export function parseJson(text: string): unknown {
  let end = text.length
  while (end > 0 && text.charCodeAt(end - 1) === 0) end--
  const body = text.slice(0, end)
  for (const candidate of [() => body, () => withoutNan(body)]) {
    try {
      return JSON.parse(candidate())
    } catch {
      // Not this way.
    }
  }
  return undefined
}

/** An object, and no array. */
export const asObject = (value: unknown): JsonObject | undefined => (isObject(value) ? value : undefined)

/** The object that a text is, where it looks like one. */
export function parseObject(text: string | undefined): JsonObject | undefined {
  return text !== undefined && looksLikeJson(text) ? asObject(parseJson(text)) : undefined
}

/** An own property: a file may say `__proto__`. */
export function get(object: unknown, key: string): unknown {
  const found = asObject(object)
  return found && Object.hasOwn(found, key) ? found[key] : undefined
}

/** The first of these properties that is a text. */
export function getText(object: unknown, ...keys: readonly string[]): string | undefined {
  for (const key of keys) {
    const value = get(object, key)
    if (typeof value === 'string') return value
  }
  return undefined
}

/** An object or a list, whole or cut off; `{red|blue} balloon` is a prompt. */
export const looksLikeJson = (text: string): boolean => /^\s*(?:\{\s*["}]|\[\s*["{[\]])/.test(text)

/** Python writes these; a string is left as it is. */
function withoutNan(text: string): string {
  return text.replace(/"(?:[^"\\]|\\.)*"|-?\b(?:NaN|Infinity)\b/gs, (found) =>
    found.startsWith('"') ? found : 'null',
  )
}
