import { pngChunks } from '../../image/formats/png/png-chunks.ts'
import type { TextFields } from '../text-fields.ts'
import { readExif } from './exif-text.ts'
import { inflateText, MAX_INFLATED } from './inflate-text.ts'
import { latin1, utf8OrLatin1 } from './text-bytes.ts'
import { readXmp } from './xmp-text.ts'

/** Reads tEXt, zTXt, iTXt, eXIf, and comf (of ComfyUI's animations), before and after the pixels. */
export async function readPng(bytes: Uint8Array, fields: TextFields): Promise<void> {
  for (const { type, body, cut } of pngChunks(bytes)) {
    if (cut) fields.damaged = true
    if (cut || type === 'IEND') return
    if (type === 'tEXt' || type === 'comf') addText(type, body, fields)
    else if (type === 'zTXt') await addCompressed(body, fields)
    else if (type === 'iTXt') await addInternational(body, fields)
    else if (type === 'eXIf') readExif(body, fields)
    else if (type === 'caBX') fields.c2pa = true
  }
}

/** Where the next NUL is; -1 where there is none. */
const nul = (body: Uint8Array, from = 0): number => body.indexOf(0, from)

function addText(type: string, body: Uint8Array, fields: TextFields): void {
  const end = nul(body)
  if (end < 0) return
  const key = latin1(body.subarray(0, end))
  fields.add(key, utf8OrLatin1(body.subarray(end + 1)), `${type} ${key}`)
}

async function addCompressed(body: Uint8Array, fields: TextFields): Promise<void> {
  const end = nul(body)
  if (end < 0 || body[end + 1] !== 0) {
    fields.damaged = true
    return
  }
  const key = latin1(body.subarray(0, end))
  const text = await inflated(body.subarray(end + 2), fields)
  if (text) fields.add(key, utf8OrLatin1(text), `zTXt ${key}`)
}

/** Keyword, compression flag and method, language, translated keyword, text. */
async function addInternational(body: Uint8Array, fields: TextFields): Promise<void> {
  const end = nul(body)
  const language = end < 0 ? -1 : nul(body, end + 3)
  const translated = language < 0 ? -1 : nul(body, language + 1)
  if (translated < 0) {
    fields.damaged = true
    return
  }
  const key = latin1(body.subarray(0, end))
  const rest = body.subarray(translated + 1)
  const text = body[end + 1] === 1 ? await inflated(rest, fields) : rest
  if (!text) return
  if (key === 'XML:com.adobe.xmp') readXmp(utf8OrLatin1(text), fields)
  else fields.add(key, utf8OrLatin1(text), `iTXt ${key}`)
}

async function inflated(data: Uint8Array, fields: TextFields): Promise<Uint8Array | undefined> {
  if (!fields.take(0)) return undefined
  const text = await inflateText(data, 'deflate')
  if (typeof text !== 'string') return fields.take(text.length) ? text : undefined
  fields.take(MAX_INFLATED)
  if (text === 'too-large') fields.tooLarge = true
  else fields.damaged = true
  return undefined
}
