import type { FoundPrompt, PromptFormat } from '../image-prompt.ts'
import { looksLikeJson, parseJson } from '../json-value.ts'
import type { TextField, TextFields } from '../text-fields.ts'
import { type Infotext, isInfotext, parseInfotext } from './infotext.ts'

/** Where an infotext lies; in `parameters` even one of a prompt alone is one. */
const KEYS = ['parameters', 'UserComment', 'MakerNote', 'ImageDescription', 'XPComment', 'Comment', 'Model']
const XMP_KEYS = ['xmp:UserComment', 'xmp:description', 'xmp:ImageDescription']

/** A1111, Forge, SD.Next and all who write its infotext. */
export function findA1111(fields: TextFields): FoundPrompt | undefined {
  return findInfotext(fields, KEYS)
}

/** The same in XMP. */
export const findXmpInfotext = (fields: TextFields): FoundPrompt | undefined => findInfotext(fields, XMP_KEYS)

function findInfotext(fields: TextFields, keys: readonly string[]): FoundPrompt | undefined {
  for (const key of keys) {
    const field = fields.get(key)
    if (!field || (looksLikeJson(field.text) && parseJson(field.text) !== undefined)) continue
    // What begins like JSON and is none is cut off, or a prompt such as `{"red"} fox` with its settings.
    const isPrompt = key === 'parameters' && !looksLikeJson(field.text)
    if (isPrompt || isInfotext(field.text)) return promptOfInfotext(field, fields)
  }
  return undefined
}

/** The prompt of an infotext, by whoever wrote it. */
export function promptOfInfotext(field: TextField, fields?: TextFields): FoundPrompt {
  const info = parseInfotext(field.text)
  const { settings } = info
  const steps = Number(settings.get('Steps')) || undefined
  const isFooocus =
    fields?.get('fooocus_scheme') !== undefined || settings.get('Version')?.startsWith('Fooocus') === true
  // What the user wrote; what stands before it has the styles in it.
  const raw = settings.get('Raw prompt')
  const { prompt, negative } =
    isFooocus && raw !== undefined
      ? { prompt: raw, negative: settings.get('Raw negative prompt') ?? null }
      : info
  return { prompt, negative, steps, where: field.where, format: formatOf(field, info, isFooocus, fields) }
}

function formatOf(
  { text }: TextField,
  { settings }: Infotext,
  isFooocus: boolean,
  fields: TextFields | undefined,
): PromptFormat {
  if (isFooocus) return 'fooocus'
  if (settings.has('Civitai resources') || settings.has('Civitai metadata')) return 'civitai'
  if (fields?.first('smproj', 'parameters-json') || text.includes('\r\n')) return 'stability-matrix'
  return 'a1111'
}
