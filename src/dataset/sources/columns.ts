import { DatasetError, show } from '../../base/errors.ts'
import type { ColumnNames } from './shard.ts'

/** A table's columns by their use. */
export interface FoundColumns {
  readonly images: readonly string[]
  readonly prompt?: string | undefined
  /** One for all images of a row, or one for each. */
  readonly keys: readonly string[]
}

/**
 * As datasets call them, best first: HF and imagefolder (`image`, `file_name`), img2dataset (`jpg`, `png`, `webp`), lists of
 * paths and of addresses. img2dataset has `url` beside the bytes, so addresses come last.
 */
const IMAGE = [
  'image',
  'img',
  'jpg',
  'jpeg',
  'png',
  'webp',
  'image_bytes',
  'bytes',
  'image_path',
  'file_name',
  'filename',
  'path',
  'file',
  'image_url',
  'url',
]
const PROMPT = ['prompt', 'caption', 'text', 'TEXT', 'description']
const KEY = ['key', '__key__', 'id', 'uid', 'image_id', 'image_uid']

/** Two images a row, as Pick-a-Pic has them. */
const PAIR = { images: ['jpg_0', 'jpg_1'], keys: ['image_0_uid', 'image_1_uid'] }

/** Which columns hold the images, the prompt and the key. Throws `DatasetError` `dataset_source_invalid`. */
export function findColumns(has: readonly string[], given: ColumnNames, where: string): FoundColumns {
  const named = [...(given.image ?? []), given.prompt, given.key].filter((name) => name !== undefined)
  const unknown = named.find((name) => !has.includes(name))
  if (unknown !== undefined) throw noColumn(`a column ${show(unknown)}`, has, where)
  const first = (names: readonly string[]): string | undefined => names.find((name) => has.includes(name))
  const prompt = given.prompt ?? first(PROMPT)
  const isPair = !given.image && PAIR.images.every((name) => has.includes(name))
  const image = first(IMAGE)
  const found = image === undefined ? [] : [image]
  const images = given.image ?? (isPair ? PAIR.images : found)
  if (images.length === 0) throw noColumn('a column of images', has, where)
  const pairKeys = isPair && PAIR.keys.every((name) => has.includes(name)) ? PAIR.keys : []
  const key = given.key ?? first(KEY)
  const single = key === undefined ? [] : [key]
  return { images, prompt, keys: !given.key && pairKeys.length > 0 ? pairKeys : single }
}

const noColumn = (what: string, has: readonly string[], where: string): DatasetError =>
  new DatasetError(
    'dataset_source_invalid',
    `${where} has not ${what}; it has ${has.slice(0, 30).join(', ') || 'none'}. Name them, for example --columns ` +
      'image=path,prompt=caption,key=id.',
    { source: where, columns: has },
  )
