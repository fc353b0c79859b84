import { join } from 'node:path'
import { CheckpointError, show } from '../../base/errors.ts'
import { isObject } from '../../base/json-object.ts'
import { CLIP_PREPROCESS, type PreprocessConfig } from '../../image/preprocess.ts'
import { readJson } from './read-json.ts'

type Json = Readonly<Record<string, unknown>>

/**
 * What a checkpoint says of its pictures: the `preprocessor_config.json` of the first folder that has one, else CLIP's.
 * Before it goes the `image_processor` of a `processor_config.json`, as transformers 5 writes and reads them. Mean and
 * standard deviation are its own; what would be computed otherwise than here is refused, since its scores would be
 * others. Throws `CheckpointError` `checkpoint_config`.
 */
export async function readPreprocess(folders: readonly string[], size: number): Promise<PreprocessConfig> {
  for (const folder of folders) {
    const outer = join(folder, 'processor_config.json')
    const processor = (await readJson(outer))?.json as Json | null | undefined
    if (typeof processor === 'object' && processor?.['image_processor'] !== undefined)
      return parsePreprocess(processor['image_processor'], outer, size)
    const where = join(folder, 'preprocessor_config.json')
    const found = await readJson(where)
    if (found) return parsePreprocess(found.json, where, size)
  }
  return { ...CLIP_PREPROCESS, size }
}

function parsePreprocess(json: unknown, where: string, size: number): PreprocessConfig {
  if (!isObject(json)) throw refuse(where, 'it is not an object')
  for (const [field, isSame] of Object.entries(FIXED)) {
    const value = json[field]
    if (value !== undefined && !isSame(value, size)) {
      throw refuse(where, `its ${field} is ${show(JSON.stringify(value))}, which is not what icthp computes`)
    }
  }
  return { size, mean: three(json, 'image_mean', where), std: three(json, 'image_std', where) }
}

const isTrue = (value: unknown): boolean => value === true
const isFalse = (value: unknown): boolean => value === false || value === null

/**
 * Fields that must say what icthp does: shortest edge to the size of the tower, bicubic, centre crop, 1/255. A height and
 * a width to resize to would squash the picture.
 */
const FIXED: Readonly<Record<string, (value: unknown, size: number) => boolean>> = {
  do_resize: isTrue,
  do_center_crop: isTrue,
  do_rescale: isTrue,
  do_normalize: isTrue,
  do_convert_rgb: (value) => value === true || value === null,
  do_pad: isFalse,
  default_to_square: isFalse,
  use_square_size: isFalse,
  resample: (value) => value === 3 || value === null,
  rescale_factor: (value) =>
    value === null || (typeof value === 'number' && Math.abs(value - 1 / 255) < 1e-9),
  size: (value, size) => value === null || value === size || isShortestEdge(value, size),
  crop_size: (value, size) => value === null || value === size || isSquare(value, size),
}

function isShortestEdge(value: unknown, size: number): boolean {
  if (typeof value !== 'object') return false
  const { shortest_edge: shortest, ...others } = value as Json
  return shortest === size && Object.values(others).every((other) => other === null)
}

const isSquare = (value: unknown, size: number): boolean =>
  typeof value === 'object' && (value as Json)['height'] === size && (value as Json)['width'] === size

function three(json: Json, field: 'image_mean' | 'image_std', where: string): PreprocessConfig['mean'] {
  const value = json[field]
  if (value === undefined || value === null)
    return field === 'image_mean' ? CLIP_PREPROCESS.mean : CLIP_PREPROCESS.std
  const numbers = Array.isArray(value) ? (value as unknown[]) : []
  const fits = (n: unknown): n is number =>
    typeof n === 'number' && Number.isFinite(n) && (field === 'image_mean' || n > 0)
  const [red, green, blue] = numbers
  if (numbers.length === 3 && fits(red) && fits(green) && fits(blue)) return [red, green, blue]
  throw refuse(where, `its ${field} is ${show(JSON.stringify(value))}, not three numbers`)
}

function refuse(where: string, why: string): CheckpointError {
  return new CheckpointError(
    'checkpoint_config',
    `${where}: ${why}. Use the file that belongs to the checkpoint, or remove it where CLIP's preprocessing is meant.`,
    { where },
  )
}
