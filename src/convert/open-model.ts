import { readFile, stat } from 'node:fs/promises'
import { basename, dirname, join, relative, resolve } from 'node:path'
import { CheckpointError, show } from '../base/errors.ts'
import { type Checkpoint, type CheckpointOptions, openCheckpoint } from '../checkpoint/checkpoint.ts'
import { CLIP_PREPROCESS, type PreprocessConfig } from '../image/preprocess.ts'
import type { ModelKind } from '../models/kinds.ts'
import type { ModelOrigin } from '../models/manifest.ts'
import { type ClipConfig, inferClipConfig, parseClipConfig } from './clip-config.ts'
import { checkKeys, expectedKeys, headKeys } from './clip-keys.ts'
import type { CheckpointOrigin } from './convert-checkpoints.ts'
import type { ModelParts } from './convert-model.ts'
import { type FindTensor, headWeights, textWeights, visionWeights } from './graph/tower-weights.ts'
import { readPreprocess } from './preprocessor-config.ts'

/** A model whose checkpoint is open and holds all that the model must have. */
export interface OpenModel {
  readonly parts: ModelParts
  /** Keys that ICT's checkpoint lacks and the base model has. */
  readonly fromBase: readonly string[]
  /** What else the user should know, a line each. */
  readonly notes: readonly string[]
  close(): Promise<void>
}

export interface OpenModelOptions {
  readonly base?: string | undefined
  /** The file of HP's head, where `path` names that of its backbone. */
  readonly head?: string | undefined
  readonly weightsKey?: string | undefined
  readonly origin?: CheckpointOrigin | undefined
}

/** Opens and checks a checkpoint. Throws `CheckpointError`. */
export async function openModel(
  kind: ModelKind,
  path: string,
  { base, head: headFile, weightsKey, origin: { sha256 = {}, ...origin } = {} }: OpenModelOptions,
): Promise<OpenModel> {
  const open: Checkpoint[] = []
  const read = async (place: string, options: CheckpointOptions = { weightsKey }): Promise<Checkpoint> => {
    const checkpoint = await openCheckpoint(place, options)
    open.push(checkpoint)
    return checkpoint
  }
  const close = async (): Promise<void> =>
    void (await Promise.all(open.map((checkpoint) => checkpoint.close())))
  try {
    const isFile = await isWeightFile(path)
    if (kind === 'hp' && isFile && headFile === undefined) throw needsHead(path)
    const clip = await read(kind === 'hp' && !isFile ? join(path, 'hp_backbone') : path)
    if (base !== undefined) await requireFolder(base)
    const beside = isFile ? dirname(path) : path
    const own = [beside, ...(kind === 'hp' ? [join(beside, 'hp_backbone')] : [])]
    const { config, folder } = await findConfig([...own, ...(base ? [base] : [])], clip)
    const unlike =
      base !== undefined && folder !== undefined && folder !== base
        ? await unlikeBase(config, folder, base)
        : []
    const preprocess = await readPreprocess([...own, ...(base ? [base] : [])], config.vision.imageSize)
    // A base that is there for its config only, or that is fetched in part, does no harm where nothing is taken from it.
    const lacks = kind === 'ict' && [...expectedKeys(config).keys()].some((name) => !clip.tensors.has(name))
    const baseClip = lacks && base !== undefined ? await readBase(base, read) : undefined
    const keys = checkKeys({
      checkpoint: clip,
      base: baseClip,
      expected: expectedKeys(config),
      part: kind === 'hp' ? 'hp-backbone' : 'ict',
    })
    const head =
      kind === 'hp'
        ? await read(headFile ?? join(path, 'hp_scorer'), { weightsKey, preferred: HEAD_NAMES })
        : undefined
    if (weightsKey !== undefined) requireKey(weightsKey, [clip, ...(head ? [head] : [])])
    const headTensors =
      head &&
      checkKeys({ checkpoint: head, expected: headKeys(config.projectionDim), part: 'hp-head' }).tensors
    const find: FindTensor = (name) => (keys.tensors.get(name) ?? headTensors?.get(name))!
    const sources = open.filter((checkpoint) => checkpoint !== baseClip || keys.fromBase.length > 0)
    const files = await Promise.all(
      sources.flatMap((checkpoint) => checkpoint.files).map((file) => sourceFile(file, path, sha256)),
    )
    const parts: ModelParts = {
      kind,
      preprocess,
      name: origin.repository ?? `${basename(resolve(path))}`,
      config,
      find,
      weights:
        kind === 'hp'
          ? { vision: [...visionWeights(config, find), ...headWeights(config.projectionDim, find)] }
          : { vision: visionWeights(config, find), text: textWeights(config, find) },
      source: { ...defined(origin), files },
    }
    return {
      parts,
      fromBase: keys.fromBase,
      notes: [
        ...notes([clip, ...(head ? [head] : [])], keys.fromBase),
        ...unlike,
        ...otherPixels(preprocess),
      ],
      close,
    }
  } catch (error) {
    await close()
    throw error
  }
}

/** What is known of a file of the checkpoint. It is not hashed: that was a quarter of what a conversion costs. */
async function sourceFile(
  path: string,
  root: string,
  sha256: Readonly<Record<string, string>>,
): Promise<ModelOrigin['files'][number]> {
  const inside = relative(resolve(root), resolve(path))
  const name = inside === '' || inside.startsWith('..') ? basename(path) : inside.replaceAll('\\', '/')
  return { path: name, size: (await stat(path)).size, ...defined({ sha256: sha256[name] }) }
}

function notes(checkpoints: readonly Checkpoint[], fromBase: readonly string[]): string[] {
  const lines: string[] = []
  for (const { path, wrapper, others } of checkpoints) {
    if (wrapper) lines.push(`the names in the checkpoint start with ${show(wrapper)}, which was taken off`)
    if (others.length > 0)
      lines.push(
        `${path} was taken; ${others.join(', ')} beside it ${others.length === 1 ? 'was' : 'were'} not`,
      )
  }
  if (fromBase.length > 0) {
    lines.push(
      `${fromBase.length} weights are not in the checkpoint and come from the base model: ${fromBase.slice(0, 5).join(', ')}${fromBase.length > 5 ? ', …' : ''}`,
    )
  }
  return lines
}

/** config.json of the first folder that has one; else what the shapes tell. */
async function findConfig(
  folders: readonly string[],
  checkpoint: Checkpoint,
): Promise<{ config: ClipConfig; folder?: string }> {
  for (const folder of folders) {
    const config = await readConfig(folder)
    if (config) return { config, folder }
  }
  return { config: inferClipConfig(checkpoint) }
}

async function readConfig(folder: string): Promise<ClipConfig | undefined> {
  const path = join(folder, 'config.json')
  const text = await readFile(path, 'utf8').catch(() => undefined)
  if (text === undefined) return undefined
  let json: unknown
  try {
    json = JSON.parse(text)
  } catch (cause) {
    throw new CheckpointError(
      'checkpoint_config',
      `${path} is not JSON: ${(cause as Error).message}. Fetch it again.`,
      { path, cause },
    )
  }
  return parseClipConfig(json, path)
}

/** A line where the checkpoint's own config says otherwise than the base's: the wrong heads leave no trace in the shapes. */
async function unlikeBase(config: ClipConfig, folder: string, base: string): Promise<string[]> {
  const other = await readConfig(base).catch(() => undefined)
  if (!other) return []
  const fields = (of: ClipConfig): Map<string, unknown> =>
    new Map([
      ...Object.entries(of.vision).map(([name, value]) => [`vision ${name}`, value] as const),
      ...Object.entries(of.text).map(([name, value]) => [`text ${name}`, value] as const),
      ['projectionDim', of.projectionDim] as const,
    ])
  const others = fields(other)
  const differences = [...fields(config)].filter(([name, value]) => others.get(name) !== value)
  if (differences.length === 0) return []
  const list = differences.map(([name, value]) => `${name} ${show(value)}, not ${show(others.get(name))}`)
  return [`${join(folder, 'config.json')} was taken, which is unlike the base model's: ${list.join('; ')}`]
}

function otherPixels({ mean, std }: PreprocessConfig): string[] {
  const isClip = [...mean, ...std].every(
    (value, i) => value === [...CLIP_PREPROCESS.mean, ...CLIP_PREPROCESS.std][i],
  )
  return isClip
    ? []
    : [
        `its preprocessor_config.json has another mean and standard deviation than CLIP: ${mean.join(', ')} and ${std.join(', ')}`,
      ]
}

/** What the official repository calls the head. */
const HEAD_NAMES = ['mlp_pytorch_model.bin']

async function readBase(
  base: string,
  read: (place: string, options: CheckpointOptions) => Promise<Checkpoint>,
): Promise<Checkpoint | undefined> {
  try {
    return await read(base, {})
  } catch (error) {
    // Without weights it is there for its config; what ICT lacks is told by the check of its keys.
    if (
      error instanceof CheckpointError &&
      error.details['files'] !== undefined &&
      error.code === 'checkpoint_not_found'
    )
      return undefined
    throw error
  }
}

const isWeightFile = (path: string): Promise<boolean> =>
  stat(path).then(
    (found) => !found.isDirectory(),
    () => false,
  )

async function requireFolder(base: string): Promise<void> {
  if (
    await stat(base).then(
      () => true,
      () => false,
    )
  )
    return
  throw new CheckpointError(
    'checkpoint_not_found',
    `${base}: the base model is not there. Check the path (--base).`,
    { path: base },
  )
}

function needsHead(path: string): CheckpointError {
  return new CheckpointError(
    'checkpoint_not_found',
    `${path} is one file, and HP has two: name that of the head, too (--hp-head FILE), or give the folder of both.`,
    { path },
  )
}

function requireKey(key: string, checkpoints: readonly Checkpoint[]): void {
  if (
    checkpoints.some(
      ({ wrapper }) => wrapper === `${key}.` || wrapper.startsWith(`${key}.`) || wrapper.includes(`.${key}.`),
    )
  )
    return
  const found = checkpoints.map(
    ({ path, wrapper }) =>
      `${path}: ${wrapper === '' ? 'its weights lie at the top' : wrapper.replace(/\.$/, '')}`,
  )
  throw new CheckpointError(
    'checkpoint_keys',
    `There is no set of weights called ${show(key)} (--weights-key). What there is:\n${found.map((line) => `  ${line}`).join('\n')}`,
    { key },
  )
}

function defined<T extends object>(value: T | undefined): { [K in keyof T]?: Exclude<T[K], undefined> } {
  return Object.fromEntries(Object.entries(value ?? {}).filter(([, field]) => field !== undefined)) as {
    [K in keyof T]?: Exclude<T[K], undefined>
  }
}
