import type { Device } from '../backend/backend.ts'
import type { RemoteOptions } from '../backend/remote/remote-options.ts'
import { checkObject } from '../base/check-object.ts'
import { DeviceError, IcthpError, InputError, show } from '../base/errors.ts'
import type { OnProgress } from '../base/progress.ts'
import { createNodeHub } from '../hub/hub-node.ts'
import type { ImageDecoder } from '../image/decoder.ts'
import { createNodeDecoder } from '../image/decoder-node.ts'
import type { ImageInput } from '../image/inputs/image-input.ts'
import type { ImageCrop } from '../image/preprocess.ts'
import { findDefaultModel } from '../models/default-model-node.ts'
import { kindNamed } from '../models/kinds.ts'
import { type Dtype, DTYPES, heldDtypes } from '../models/manifest.ts'
import type { MeasuredWith } from '../models/measured.ts'
import { compareMeasurements } from './compare-measurements.ts'
import { drawnPictures } from './drawn-pictures.ts'
import { chooseDtypes, findManifests, type Manifests } from './held-precisions.ts'
import { measureApart } from './measure-apart-node.ts'
import type { Measurement } from './measure-messages.ts'
import { recordAll } from './record-measured-node.ts'
import type { VerifiedPrecision, VerifyReport } from './verify-report.ts'

export type { VerifiedPrecision, VerifyReport }

export interface VerifyOptions {
  /** A folder that `icthp convert` wrote, its URL, or a hub repository. Default as of `fromPretrained`. */
  readonly model?: string | undefined
  readonly revision?: string | undefined
  /** Default: sixteen pictures that icthp draws, none of which int8 was calibrated on. */
  readonly images?: readonly ImageInput[] | undefined
  /** Default: the captions of those pictures. */
  readonly prompts?: readonly string[] | undefined
  /** The precision whose answers count as right. Default `fp32`. */
  readonly against?: Dtype | undefined
  /** Which precisions to measure. Default: all that the model holds. */
  readonly dtypes?: readonly Dtype[] | undefined
  /**
   * Measures what a server answers instead of what the folder holds: `against` runs here, and `dtypes` (default `against`
   * alone) say how near the server's self-test must come. Nothing is recorded.
   */
  readonly remote?: RemoteOptions | undefined
  /** Where all of them run. Default `auto`. */
  readonly device?: Device | undefined
  readonly threads?: number | undefined
  readonly batchSize?: number | undefined
  /** Whether to write the results into the manifests of a local folder. Default true. */
  readonly record?: boolean | undefined
  /** Stays the caller's. Default sharp where it is installed, else the wasm decoders. */
  readonly decoder?: ImageDecoder | undefined
  readonly maxPixels?: number | undefined
  /** With it, images that cannot be read are handed here and left out. */
  readonly onImageError?: ((error: Error, index: number) => void) | undefined
  readonly signal?: AbortSignal | undefined
  readonly onProgress?: OnProgress | undefined
}

/**
 * Measures what each precision in a model folder loses beside `against` (scores, embeddings, order) and costs (seconds,
 * memory), one precision at a time in a process of its own, and writes it into the manifests, from where `scorer.info`
 * and `icthp info` tell it.
 *
 * Throws `ModelError` (`model_dtype_unavailable` where `against` is not in the folder), `InputError`, `ImageError`,
 * `DeviceError`, `BackendError`. A precision that fails by itself is told in `failures`.
 */
export async function verifyModel(options: VerifyOptions = {}): Promise<VerifyReport> {
  checkObject(options, 'verifyModel')
  const {
    against = 'fp32',
    device = 'auto',
    revision,
    threads,
    batchSize,
    remote,
    record = !remote,
    signal,
    onProgress,
  } = options
  const model = options.model ?? findDefaultModel().source
  checkOptions(options)
  const folder = await createNodeHub().open(model, { revision, signal, onProgress })
  const manifests = await findManifests(folder)
  const kinds = Object.keys(manifests)
  const dtypes = chooseDtypes(manifests, against, options.dtypes ?? (remote ? [against] : undefined))
  const drawn = options.images && options.prompts ? [] : drawnPictures()
  const { images = drawn.map(({ image }) => image), prompts = drawn.map(({ caption }) => caption) } = options
  const crops = await cropAll(images, manifests, options)
  const count = Object.values(crops)[0]!.length
  const shared = { source: model, revision, threads, batchSize, prompts }
  const measure = (dtype: Dtype, at?: RemoteOptions): Promise<Measurement> => {
    const held = kinds.filter((kind) => heldDtypes(manifests[kind]!.manifest).includes(dtype))
    const theirs = Object.fromEntries(held.map((kind) => [kind, crops[kind]!]))
    const where = at ? 'remote' : device
    return measureApart(
      { ...shared, kinds: held, dtype, device: where, crops: theirs, remote: at },
      { signal, onProgress },
    )
  }
  // Without it there is nothing to compare with: what it throws ends the run.
  const right = await measure(against)
  const tried = await tryEach(dtypes, signal, async (dtype) => {
    const got = dtype === against && !remote ? right : await measure(dtype, remote)
    const memory = { models: kinds.filter((kind) => got.models[kind]), ...got.memory }
    return { dtype, ...compareMeasurements(right, got), memory }
  })
  const source = (own: unknown): MeasuredWith => (own ? 'own' : 'drawn')
  const report = {
    model,
    against,
    ...tried,
    models: Object.fromEntries(kinds.map((kind) => [kind, manifests[kind]!.manifest.name])),
    images: { count, source: source(options.images) },
    ...(kinds.some((kind) => kindNamed(kind).takesPrompt)
      ? { prompts: { count: prompts.length, source: source(options.prompts) } }
      : {}),
  }
  return {
    ...report,
    ...(record && !remote ? await recordAll(folder, manifests, report) : { recorded: [], notes: [] }),
  }
}

/** One after the other; a precision that fails by itself is told beside the others. */
async function tryEach(
  dtypes: readonly Dtype[],
  signal: AbortSignal | undefined,
  verify: (dtype: Dtype) => Promise<VerifiedPrecision>,
): Promise<Pick<VerifyReport, 'precisions' | 'failures'>> {
  const precisions: VerifiedPrecision[] = []
  const failures: VerifyReport['failures'][number][] = []
  for (const dtype of dtypes) {
    try {
      precisions.push(await verify(dtype))
    } catch (error) {
      if (signal?.aborted || !(error instanceof IcthpError)) throw error
      failures.push({ dtype, code: error.code, message: error.message })
    }
  }
  return { precisions, failures }
}

function checkOptions({ against, dtypes = [], images, prompts }: VerifyOptions): void {
  for (const [name, list] of Object.entries({ dtypes, images, prompts })) {
    if (list !== undefined && !Array.isArray(list))
      throw new InputError('input_invalid_option', `${name} is a list, not ${show(list)}.`)
  }
  for (const dtype of [...(against === undefined ? [] : [against]), ...dtypes]) {
    if (!DTYPES.includes(dtype))
      throw new DeviceError('dtype_unknown', `There is no dtype ${show(dtype)}. Use ${DTYPES.join(', ')}.`, {
        dtype,
      })
  }
  for (const [name, list] of Object.entries({ images, prompts })) {
    if (list?.length === 0)
      throw new InputError('input_invalid_option', `${name} is empty: name at least one, or leave it out.`)
  }
}

/** Images that are decoded at a time. Each listens to the caller's signal, and Node warns of more than ten. */
const AT_ONCE = 8

/** Each image is read once; models that want crops of one size share them. */
async function cropAll(
  images: readonly ImageInput[],
  manifests: Manifests,
  options: VerifyOptions,
): Promise<Record<string, readonly ImageCrop[]>> {
  const { maxPixels, signal, onImageError } = options
  const decoder = options.decoder ?? createNodeDecoder()
  const specs = new Map(
    Object.values(manifests).map(({ manifest: { preprocess } }) => [preprocess.size, preprocess]),
  )
  try {
    const read = async (image: ImageInput, index: number): Promise<Map<number, ImageCrop> | undefined> => {
      try {
        const crops = new Map<number, ImageCrop>()
        for (const [size, spec] of specs)
          crops.set(size, await decoder.crop(image, spec, { maxPixels, signal }))
        return crops
      } catch (error) {
        if (!onImageError || signal?.aborted) throw error
        onImageError(error as Error, index)
        return undefined
      }
    }
    const all: ReadonlyMap<number, ImageCrop>[] = []
    for (let i = 0; i < images.length; i += AT_ONCE) {
      const batch = await Promise.all(images.slice(i, i + AT_ONCE).map((image, j) => read(image, i + j)))
      all.push(...batch.filter((crops) => crops !== undefined))
    }
    if (all.length === 0)
      throw new InputError(
        'input_invalid_option',
        'None of the images could be read. Name others, or leave them out for drawn ones.',
      )
    return Object.fromEntries(
      Object.entries(manifests).map(([kind, { manifest }]) => [
        kind,
        all.map((crops) => crops.get(manifest.preprocess.size)!),
      ]),
    )
  } finally {
    if (!options.decoder) await decoder.dispose()
  }
}
