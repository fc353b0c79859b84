import type { Context } from 'hono'
import { show } from '../../base/errors.ts'
import { giveAway } from '../../base/memory/given-away.ts'
import { Fields, invalid } from './fields.ts'
import { JsonBody } from './json-body.ts'
import { type FormPart, parseForm } from './parse-form.ts'
import { isKept, readBody } from './read-body.ts'
import { FORM_TEXTS } from './sent-texts.ts'

/** How the parts of a form are meant, whose values are texts and files. */
export interface FormShape {
  /** Names under which files come, and the field that they are. */
  readonly files?: Readonly<Record<string, string>>
  /** Texts that are JSON. */
  readonly json?: readonly string[]
  /** Texts that may be several, by repetition or by commas. */
  readonly lists?: readonly string[]
  /** Texts that are lists where they come more than once: by which name then. */
  readonly repeated?: Readonly<Record<string, string>>
}

/**
 * A body's fields: a JSON object, or `multipart/form-data` as `curl -F` and browsers send it. With `known`, others are
 * refused. Throws `RequestError`: `request_invalid`, `request_too_large`.
 */
export async function readFields(c: Context, known?: readonly string[], form?: FormShape): Promise<Fields> {
  const type = (c.req.header('content-type') ?? '').trim().toLowerCase()
  if (form && type.startsWith('multipart/form-data'))
    return new Fields(fromForm(await readForm(c), form), 'The form', FORM_TEXTS, known)
  const body = new JsonBody(await readBody(c))
  return new Fields(body.value, 'The body', body, known)
}

async function readForm(c: Context): Promise<readonly FormPart[]> {
  const parts = parseForm(await readBody(c), c.req.header('content-type')!)
  const files = parts.flatMap(({ value }) => (typeof value === 'string' ? [] : [value.bytes]))
  // Whoever decodes the only file is the last to read the body, if that is ours.
  if (files.length === 1 && !isKept(c)) giveAway(files[0]!)
  return parts
}

function fromForm(
  form: readonly FormPart[],
  { files = {}, json = [], lists = [], repeated = {} }: FormShape,
): object {
  // Not an object: names such as `constructor` come from outside.
  const fields = new Map<string, unknown[]>()
  for (const { name: given, value } of form) {
    const bare = given.replace(/\[\]$/, '')
    const name = Object.hasOwn(files, bare) ? files[bare]! : bare
    const values = fields.get(name) ?? []
    fields.set(name, values)
    if (typeof value !== 'string' || name !== bare) values.push(value)
    else if (json.includes(name)) values.push(parsed(name, value))
    else if (lists.includes(name)) for (const part of value.split(',')) values.push(part.trim())
    else values.push(value)
  }
  const listed = new Set([...Object.values(files), ...lists])
  return Object.fromEntries(
    [...fields].map(([name, values]) => {
      if (listed.has(name)) return [name, values]
      if (values.length > 1) return [Object.hasOwn(repeated, name) ? repeated[name]! : name, values]
      return [name, values[0]]
    }),
  )
}

function parsed(name: string, text: string): unknown {
  try {
    return JSON.parse(text) as unknown
  } catch (cause) {
    throw invalid(`${name} of the form must be JSON, not ${show(text)}.`, { cause })
  }
}
