import type { Context } from 'hono'
import { show } from '../../base/errors.ts'
import { Fields, invalid } from './fields.ts'
import { type FormPart, parseForm } from './parse-form.ts'

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
 * A body's fields: a JSON object, or `multipart/form-data` as `curl -F` and browsers send it. Throws `RequestError`
 * `request_invalid`.
 */
export async function readFields(c: Context, known: readonly string[], form?: FormShape): Promise<Fields> {
  const type = (c.req.header('content-type') ?? '').trim().toLowerCase()
  if (form && type.startsWith('multipart/form-data'))
    return new Fields(fromForm(await readForm(c), form), 'The form', known)
  return new Fields(await readJson(c), 'The body', known)
}

/** A JSON body without knowing its fields. Throws `RequestError` `request_invalid`. */
export async function readJson(c: Context): Promise<unknown> {
  try {
    return JSON.parse(await c.req.text()) as unknown
  } catch (cause) {
    c.req.raw.signal.throwIfAborted()
    throw invalid(
      `The body is not JSON: ${(cause as Error).message}. Send an object, with Content-Type: application/json.`,
      { cause },
    )
  }
}

async function readForm(c: Context): Promise<readonly FormPart[]> {
  const body = new Uint8Array(await c.req.arrayBuffer())
  return parseForm(body, c.req.header('content-type')!)
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
