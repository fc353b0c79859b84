import { readFile, stat } from 'node:fs/promises'
import { basename, join, relative, resolve } from 'node:path'
import { OrtNodeBackend } from '../backend/ort-node.ts'
import { CheckpointError, DeviceError, InputError, show } from '../errors.ts'
import { DTYPES, type Dtype, type ModelKind, type ModelManifest } from '../models/manifest.ts'
import { CLIP_PREPROCESS } from '../image/preprocess.ts'
import type { OnProgress } from '../progress.ts'
import { openCheckpoint, type Checkpoint } from './checkpoint/checkpoint.ts'
import { inferClipConfig, parseClipConfig, type ClipConfig } from './clip-config.ts'
import { checkKeys, expectedKeys, headKeys } from './clip-keys.ts'
import { writeModel, type ModelParts } from './convert-model.ts'
import { readCalibrationData } from './quantise/calibration-data.ts'
import { WeightPool } from './graph/weight-pool.ts'
import { Digester } from './write/digester.ts'
import { needsCalibration } from './quantise/precisions.ts'
import { headWeights, textWeights, visionWeights, type FindTensor } from './graph/tower-weights.ts'

export interface ConvertOptions {
  /** Folder (or file) with ICT's CLIPModel state dict. */
  readonly ict?: string | undefined
  /** Folder with `hp_backbone/` and `hp_scorer/`. */
  readonly hp?: string | undefined
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
  readonly origins?: Partial<Record<ModelKind, CheckpointOrigin>> | undefined
  readonly signal?: AbortSignal | undefined
  readonly onProgress?: OnProgress | undefined
}

export interface CheckpointOrigin {
  readonly repository?: string | undefined
  readonly revision?: string | undefined
  readonly license?: string | undefined
}

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
 * bad options. What was in `out` before stays as it is until the new model is whole.
 */
export async function convertCheckpoints(options: ConvertOptions): Promise<ConvertReport> {
  const { ict, hp, out, signal } = options
  const dtypes = checkDtypes(options.dtypes ?? ['fp32'])
  if (!out) throw new InputError('input_invalid_option', 'Say where to write: out (--out DIR).')
  if (!ict && !hp) throw new InputError('input_invalid_option', 'Say what to convert: ict (--ict DIR), hp (--hp DIR), or both.')
  if (options.calibrate !== undefined && !dtypes.some(needsCalibration)) {
    const quantised = DTYPES.filter(needsCalibration).join(', ')
    throw new InputError('input_invalid_option', `calibrate is for ${quantised}: name one of them (--dtype), or leave it out.`)
  }
  const models: ConvertedModel[] = []
  const pool = new WeightPool()
  for (const kind of ['ict', 'hp'] as const) {
    const path = options[kind]
    if (!path) continue
    signal?.throwIfAborted()
    models.push(await convertOne(kind, path, options, dtypes, pool))
  }
  return { out: resolve(out), models }
}

async function convertOne(
  kind: ModelKind, path: string, options: ConvertOptions, dtypes: readonly Dtype[], pool: WeightPool,
): Promise<ConvertedModel> {
  const { base, out, signal, onProgress } = options
  const open: Checkpoint[] = []
  const close: { dispose(): Promise<void> }[] = []
  const read = async (place: string): Promise<Checkpoint> => {
    const checkpoint = await openCheckpoint(place)
    open.push(checkpoint)
    return checkpoint
  }
  try {
    const clip = await read(kind === 'hp' ? join(path, 'hp_backbone') : path)
    const config = await findConfig([path, ...(kind === 'hp' ? [join(path, 'hp_backbone')] : []), ...(base ? [base] : [])], clip)
    const baseClip = kind === 'ict' && base && (await hasWeights(base)) ? await read(base) : undefined
    const keys = checkKeys({ checkpoint: clip, base: baseClip, expected: expectedKeys(config), part: kind === 'hp' ? 'hp-backbone' : 'ict' })
    const head = kind === 'hp' ? await read(join(path, 'hp_scorer')) : undefined
    const headTensors = head && checkKeys({ checkpoint: head, expected: headKeys(config.projectionDim), part: 'hp-head' }).tensors
    const find: FindTensor = (name) => (keys.tensors.get(name) ?? headTensors?.get(name))!
    const sources = open.filter((checkpoint) => checkpoint !== baseClip || keys.fromBase.length > 0)
    const digester = new Digester()
    close.push(digester)
    const parts: ModelParts = {
      kind,
      name: options.origins?.[kind]?.repository ?? `${basename(resolve(path))}`,
      config,
      find,
      weights: kind === 'hp'
        ? { vision: [...visionWeights(config, find), ...headWeights(config.projectionDim, find)] }
        : { vision: visionWeights(config, find), text: textWeights(config, find) },
      origin: async () => ({ ...defined(options.origins?.[kind]), files: await digestAll(sources, path, digester) }),
    }
    const calibration = dtypes.some(needsCalibration)
      ? await readCalibrationData(options.calibrate, { ...CLIP_PREPROCESS, size: config.vision.imageSize }, config.text.maxPositions)
      : undefined
    const backend = new OrtNodeBackend({ keepThread: true })
    close.push(backend)
    const manifest = await writeModel(parts, { out, dtypes, backend, digester, pool, calibration, signal, onProgress })
    return { kind, folder: resolve(out, kind), manifest, fromBase: keys.fromBase, notes: notes(clip, keys.fromBase) }
  } finally {
    await Promise.all([...open.map((checkpoint) => checkpoint.close()), ...close.map((part) => part.dispose())])
  }
}

async function digestAll(checkpoints: readonly Checkpoint[], root: string, digester: Digester): Promise<ModelManifest['source']['files']> {
  const files: ModelManifest['source']['files'][number][] = []
  for (const path of checkpoints.flatMap((checkpoint) => checkpoint.files)) {
    const inside = relative(resolve(root), resolve(path))
    files.push({ path: inside === '' || inside.startsWith('..') ? basename(path) : inside.replaceAll('\\', '/'), ...(await digester.digest(path)) })
  }
  return files
}

function notes({ wrapper }: Checkpoint, fromBase: readonly string[]): string[] {
  const lines: string[] = []
  if (wrapper) lines.push(`the names in the checkpoint start with ${show(wrapper)}, which was taken off`)
  if (fromBase.length > 0) {
    lines.push(`${fromBase.length} weights are not in the checkpoint and come from the base model: ${fromBase.slice(0, 5).join(', ')}${fromBase.length > 5 ? ', …' : ''}`)
  }
  return lines
}

/** config.json of the first folder that has one; else what the shapes tell. */
async function findConfig(folders: readonly string[], checkpoint: Checkpoint): Promise<ClipConfig> {
  for (const folder of folders) {
    const path = join(folder, 'config.json')
    const text = await readFile(path, 'utf8').catch(() => undefined)
    if (text === undefined) continue
    let json: unknown
    try {
      json = JSON.parse(text)
    } catch (cause) {
      throw new CheckpointError('checkpoint_config', `${path} is not JSON: ${(cause as Error).message}. Fetch it again.`, { path, cause })
    }
    return parseClipConfig(json, path)
  }
  return inferClipConfig(checkpoint)
}

/** A base that is only there for its config is fine. */
async function hasWeights(base: string): Promise<boolean> {
  const names = ['pytorch_model.bin', 'pytorch_model.bin.index.json', 'model.safetensors', 'model.safetensors.index.json']
  const found = await Promise.all(names.map((name) => stat(join(base, name)).then(() => true, () => false)))
  return found.includes(true)
}

function checkDtypes(dtypes: readonly Dtype[]): readonly Dtype[] {
  for (const dtype of dtypes) {
    if (!DTYPES.includes(dtype)) throw new DeviceError('dtype_unknown', `There is no dtype ${show(dtype)}. Use ${DTYPES.join(', ')}.`, { dtype })
  }
  if (dtypes.length === 0) throw new InputError('input_invalid_option', 'dtypes names at least one precision.')
  return [...new Set(dtypes)]
}

function defined<T extends object>(value: T | undefined): { [K in keyof T]?: Exclude<T[K], undefined> } {
  return Object.fromEntries(Object.entries(value ?? {}).filter(([, field]) => field !== undefined)) as { [K in keyof T]?: Exclude<T[K], undefined> }
}
