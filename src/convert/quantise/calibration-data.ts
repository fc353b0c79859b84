import { readdir } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import type { Tensors } from '../../backend/backend.ts'
import { InputError } from '../../base/errors.ts'
import { readWholeFile } from '../../base/files/read-file-node.ts'
import { createNodeDecoder } from '../../image/decoder-node.ts'
import { normaliseInto, type PreprocessConfig } from '../../image/preprocess.ts'
import { bundledFolder } from '../../models/bundled-folder-node.ts'
import { ClipTokenizer } from '../../text/clip-tokenizer.ts'
import { decodeText } from '../../text/decode-text.ts'

/** What calibration looks at: more would hardly raise a channel's maximum, and costs seconds an image. */
const MOST_IMAGES = 8
const MOST_PROMPTS = 32
/** Images in a batch; bounds the memory for a layer's activations. */
const BATCH = 4
const IMAGE = /\.(jpe?g|png|webp|gif|bmp|tiff?|avif)$/i
/** One prompt a line. */
const PROMPTS = 'prompts.txt'

export interface CalibrationData {
  /** Named in the manifest. */
  readonly source: string
  /** Batches of `pixel_values`. */
  readonly vision: readonly Tensors[]
  /** `input_ids`, one prompt each. */
  readonly text: readonly Tensors[]
}

/**
 * Reads calibration images, and prompts from `prompts.txt`, from a folder: the caller's, else the small set that comes
 * with icthp. Throws `InputError` where there is no image, `ImageError` for one that cannot be read.
 */
export async function readCalibrationData(
  folder: string | undefined,
  preprocess: PreprocessConfig,
  contextLength: number,
): Promise<CalibrationData> {
  const place = folder === undefined ? ownFolder() : resolve(folder)
  const names = (await readdir(place).catch(() => []))
    .filter((name) => IMAGE.test(name))
    .sort()
    .slice(0, MOST_IMAGES)
  if (names.length === 0)
    throw new InputError(
      'input_invalid_option',
      `${place} holds no images to calibrate with. Name a folder with some typical ones, or leave --calibrate out.`,
      { folder: place },
    )
  const prompts = await readPrompts(place)
  const tokenizer = new ClipTokenizer({ contextLength })
  return {
    source: folder === undefined ? 'bundled' : 'own',
    vision: await pixelBatches(
      names.map((name) => join(place, name)),
      preprocess,
    ),
    text: prompts.slice(0, MOST_PROMPTS).map((prompt) => {
      const ids = tokenizer.encode(prompt)
      return {
        input_ids: { dtype: 'int64', dims: [1, ids.length], data: BigInt64Array.from(ids.map(BigInt)) },
      }
    }),
  }
}

/** Those of the folder; where it has none, those that come with icthp. */
async function readPrompts(folder: string): Promise<string[]> {
  const path = join(folder, PROMPTS)
  try {
    const lines = decodeText(await readWholeFile(path, 2 ** 24), path).split(/\r?\n/)
    return lines.filter((line) => line.trim() !== '')
  } catch (error) {
    if (error instanceof InputError) throw error
    if ((error as NodeJS.ErrnoException).code === 'ENOENT' && folder !== ownFolder())
      return readPrompts(ownFolder())
    const why = (error as Error).message
    throw new InputError('input_invalid_option', `The calibration prompts ${path} cannot be read: ${why}.`, {
      path,
      cause: error,
    })
  }
}

async function pixelBatches(paths: readonly string[], preprocess: PreprocessConfig): Promise<Tensors[]> {
  const decoder = createNodeDecoder({ threads: 0 })
  const { size } = preprocess
  const batches: Tensors[] = []
  try {
    for (let i = 0; i < paths.length; i += BATCH) {
      const batch = paths.slice(i, i + BATCH)
      const data = new Float32Array(batch.length * 3 * size * size)
      for (const [j, path] of batch.entries())
        normaliseInto(await decoder.crop(path, preprocess), preprocess, data, j * 3 * size * size)
      batches.push({ pixel_values: { dtype: 'float32', dims: [batch.length, 3, size, size], data } })
    }
  } finally {
    await decoder.dispose()
  }
  return batches
}

function ownFolder(): string {
  const folder = bundledFolder('calibration')
  if (folder !== undefined) return folder
  throw new InputError(
    'input_invalid_option',
    'The calibration images that come with icthp are missing. Install it again, or pass your own: --calibrate DIR.',
  )
}
