import { join, resolve } from 'node:path'
import { OrtNodeBackend } from '../backend/ort-node/ort-backend-node.ts'
import { checkObject } from '../base/check-object.ts'
import { DeviceError, InputError, show } from '../base/errors.ts'
import type { OnProgress } from '../base/progress.ts'
import { allKinds, type ModelKind, type PerKind, type RewardKind } from '../models/kinds.ts'
import { type Dtype, DTYPES, type ModelManifest } from '../models/manifest.ts'
import { WeightPool } from './graph/weight-pool.ts'
import type { ModelParts } from './model-parts.ts'
import type { CheckpointOrigin } from './open/checkpoint-origin.ts'
import { openUnconverted, type UnconvertedModel } from './open/open-unconverted.ts'
import { readCalibrationData } from './quantise/calibration-data.ts'
import { needsCalibration } from './quantise/precisions.ts'
import { checkInputs } from './write/check-inputs.ts'
import { Digester } from './write/digester.ts'
import { checkModelPlace } from './write/model-place.ts'
import { checkRoom } from './write/output-error.ts'
import { writeModel } from './write/write-model.ts'

export type { CheckpointOrigin }

export interface ConvertOptions {
  /** Folder (or file) with ICT's CLIPModel state dict. */
  readonly ict?: string | undefined
  /** Folder with `hp_backbone/` and `hp_scorer/`, or the file of the backbone. */
  readonly hp?: string | undefined
  /** The file of HP's head, where `hp` names that of the backbone. */
  readonly hpHead?: string | undefined
  /** Which set of weights to take where a checkpoint holds several, such as `ema`. */
  readonly weightsKey?: string | undefined
  /** Checkpoints of other reward models, by their names. */
  readonly checkpoints?: Readonly<Record<string, string>> | undefined
  /** Folder of the base model: its config.json, and, where ICT lacks keys, its weights. */
  readonly base?: string | undefined
  /** Folder to write to: `ict/` and `hp/` in it are replaced when the new ones are whole. */
  readonly out: string
  /** Default `['fp32']`. */
  readonly dtypes?: readonly Dtype[] | undefined
  /**
   * Folder of images, and of prompts in `prompts.txt`, that int8, q8, q4 and q4f16 are calibrated on; default a small set that
   * comes with icthp.
   */
  readonly calibrate?: string | undefined
  /** What is known of the sources: recorded in the manifest, and its name shown with every score. */
  readonly origins?: PerKind<CheckpointOrigin> | undefined
  readonly signal?: AbortSignal | undefined
  readonly onProgress?: OnProgress | undefined
}

const pathOf = (options: ConvertOptions, { name }: RewardKind): string | undefined =>
  (({ ict: options.ict, hp: options.hp, ...options.checkpoints }) as PerKind<string | undefined>)[name]

export interface ConvertReport {
  readonly out: string
  readonly models: readonly ConvertedModel[]
}

export interface ConvertedModel {
  readonly kind: ModelKind
  readonly folder: string
  readonly manifest: ModelManifest
  /** Keys that ICT's checkpoint lacks and the base model gave. */
  readonly fromBase: readonly string[]
  /** What else the user should know, a line each. */
  readonly notes: readonly string[]
}

/**
 * Converts PyTorch or safetensors checkpoints to the ONNX folders that the scorers load, without Python. Streams: a few
 * hundred MiB of memory for checkpoints of any size.
 *
 * Throws `CheckpointError` for what cannot be read or does not fit, `InputError` and `DeviceError` (`dtype_unknown`) for
 * bad options, `OutputError` where the place is taken or cannot be written to. All checkpoints are checked before anything is written; what was in `out` before stays as it is until the new
 * model is whole.
 */
export async function convertCheckpoints(options: ConvertOptions): Promise<ConvertReport> {
  checkObject(options, 'convertCheckpoints')
  const asked = checkOptions(options)
  const { kinds } = asked
  const out = resolve(options.out)
  const places = kinds.map(({ name }) => join(out, name))
  await checkInputs(places, inputsOf(options, kinds))
  for (const place of places) await checkModelPlace(place)
  const open: UnconvertedModel[] = []
  try {
    for (const kind of kinds) open.push(await openOne(kind, options))
    await checkRoom(
      out,
      open.reduce((sum, { parts }) => sum + leastBytes(parts, asked.dtypes), 0),
    )
    return { out, models: await convertAll(open, asked) }
  } finally {
    await Promise.all(open.map((model) => model.close()))
  }
}

/** Options that fit together. */
interface Asked extends ConvertOptions {
  readonly kinds: readonly RewardKind[]
  readonly dtypes: readonly Dtype[]
}

/** Throws `InputError` and `DeviceError` (`dtype_unknown`). */
function checkOptions(options: ConvertOptions): Asked {
  const { ict, hp, hpHead, base, calibrate, weightsKey, out } = options
  const dtypes = checkDtypes(options.dtypes ?? ['fp32'])
  if (!out) throw new InputError('input_invalid_option', 'Say where to write: out (--out DIR).')
  checkTexts({ ...options.checkpoints, ict, hp, hpHead, base, calibrate, weightsKey, out })
  const kinds = allKinds().filter((kind) => pathOf(options, kind))
  if (kinds.length === 0)
    throw new InputError(
      'input_invalid_option',
      'Say what to convert: ict (--ict DIR), hp (--hp DIR), or both.',
    )
  if (calibrate !== undefined && !dtypes.some(needsCalibration)) {
    const quantised = DTYPES.filter(needsCalibration).join(', ')
    throw new InputError(
      'input_invalid_option',
      `calibrate is for ${quantised}: name one of them (--dtype), or leave it out.`,
    )
  }
  return { ...options, kinds, dtypes }
}

function checkTexts(options: Readonly<Record<string, unknown>>): void {
  for (const [name, value] of Object.entries(options)) {
    if (value === undefined || typeof value === 'string') continue
    throw new InputError('input_invalid_option', `${name} is a text, not ${show(value)}.`, { [name]: value })
  }
}

/** All that is read. */
const inputsOf = (options: ConvertOptions, kinds: readonly RewardKind[]): string[] =>
  [...kinds.map((kind) => pathOf(options, kind)), options.hpHead, options.base, options.calibrate].filter(
    (path) => path !== undefined,
  )

async function openOne(kind: RewardKind, options: ConvertOptions): Promise<UnconvertedModel> {
  options.signal?.throwIfAborted()
  return openUnconverted(kind, pathOf(options, kind)!, {
    base: options.base,
    origin: options.origins?.[kind.name],
    weightsKey: options.weightsKey,
    ...(kind.takesPrompt ? {} : { head: options.hpHead }),
  })
}

async function convertAll(open: readonly UnconvertedModel[], asked: Asked): Promise<ConvertedModel[]> {
  const tools: Tools = {
    pool: new WeightPool(),
    backend: new OrtNodeBackend({ keepThread: true }),
    digester: new Digester(),
  }
  const models: Promise<ConvertedModel>[] = []
  try {
    for (const model of open) {
      // The next is begun when the weights of one are written: its self-test, its hashes and the disk can go on meanwhile.
      await new Promise<void>((written, failed) => {
        const converted = convertOne(model, asked, tools, written)
        models.push(converted)
        converted.catch(failed)
      })
    }
    return await Promise.all(models)
  } finally {
    // What one model fails of does not keep another from being finished; an abort does.
    if (asked.signal?.aborted) await tools.digester.dispose()
    await Promise.allSettled(models)
    await Promise.all([tools.backend.dispose(), tools.digester.dispose()])
  }
}

/** What the models share. */
interface Tools {
  readonly pool: WeightPool
  readonly backend: OrtNodeBackend
  readonly digester: Digester
}

async function convertOne(
  { parts, fromBase, notes }: UnconvertedModel,
  { calibrate, out, dtypes, signal, onProgress }: Asked,
  tools: Tools,
  onWritten: () => void,
): Promise<ConvertedModel> {
  const { kind, config } = parts
  const calibration = dtypes.some(needsCalibration)
    ? await readCalibrationData(calibrate, parts.preprocess, config.text.maxPositions)
    : undefined
  const manifest = await writeModel(parts, {
    out,
    dtypes,
    ...tools,
    calibration,
    signal,
    onProgress,
    onWritten,
  })
  return { kind, folder: resolve(out, kind), manifest, fromBase, notes }
}

/** What a model takes on the disk at least: its weights alone, without the scales of the quantised ones. */
function leastBytes({ weights }: ModelParts, dtypes: readonly Dtype[]): number {
  const values = Object.values(weights)
    .flat()
    .reduce((sum, { dims }) => sum + dims.reduce((a, b) => a * b, 1), 0)
  return values * dtypes.reduce((sum, dtype) => sum + BYTES_A_VALUE[dtype], 0)
}

const BYTES_A_VALUE: Readonly<Record<Dtype, number>> = {
  fp32: 4,
  fp16: 2,
  int8: 1,
  q8: 1,
  q4: 0.5,
  q4f16: 0.5,
}

function checkDtypes(dtypes: readonly Dtype[]): readonly Dtype[] {
  if (!Array.isArray(dtypes))
    throw new InputError('input_invalid_option', `dtypes is a list of precisions, not ${show(dtypes)}.`)
  for (const dtype of dtypes) {
    if (!DTYPES.includes(dtype))
      throw new DeviceError('dtype_unknown', `There is no dtype ${show(dtype)}. Use ${DTYPES.join(', ')}.`, {
        dtype,
      })
  }
  if (dtypes.length === 0)
    throw new InputError('input_invalid_option', 'dtypes names at least one precision.')
  return [...new Set(dtypes)]
}
