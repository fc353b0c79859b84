import { stat } from 'node:fs/promises'
import { basename, dirname, join, relative, resolve } from 'node:path'
import { CheckpointError, show } from '../../base/errors.ts'
import { isFolder } from '../../base/files/is-folder-node.ts'
import { type Checkpoint, openCheckpoint } from '../../checkpoint/checkpoint.ts'
import { CLIP_PREPROCESS, type PreprocessConfig } from '../../image/preprocess.ts'
import type { RewardKind } from '../../models/kinds.ts'
import type { ModelOrigin } from '../../models/manifest.ts'
import type { ClipConfig } from '../config/clip-config.ts'
import { findConfig, unlikeBase } from '../config/find-config.ts'
import { readPreprocess } from '../config/preprocessor-config.ts'
import { type FindTensor, headWeights, textWeights, visionWeights } from '../graph/tower-weights.ts'
import { checkKeys, expectedKeys, headKeys } from '../layouts/clip-keys.ts'
import { chooseFitting, fitWeights } from '../layouts/fitted-weights.ts'
import type { ModelParts } from '../model-parts.ts'
import type { CheckpointOrigin } from './checkpoint-origin.ts'
import { refuseForeign, requireKey, requireVocabulary } from './model-checks.ts'
import { type OpenPart, openParts, type ReadPart } from './open-parts.ts'

/** A model whose checkpoint is open and holds all that the model must have. */
export interface UnconvertedModel {
  readonly parts: ModelParts
  /** Keys that ICT's checkpoint lacks and the base model has. */
  readonly fromBase: readonly string[]
  /** What else the user should know, a line each. */
  readonly notes: readonly string[]
  close(): Promise<void>
}

export interface UnconvertedOptions {
  readonly base?: string | undefined
  /** The file of HP's head, where `path` names that of its backbone. */
  readonly head?: string | undefined
  readonly weightsKey?: string | undefined
  readonly origin?: CheckpointOrigin | undefined
}

/** Opens and checks a checkpoint. Throws `CheckpointError`. */
export async function openUnconverted(
  kind: RewardKind,
  path: string,
  options: UnconvertedOptions,
): Promise<UnconvertedModel> {
  const { base, head: headFile, weightsKey } = options
  const open: Checkpoint[] = []
  const read = readInto(open)
  const close = async (): Promise<void> =>
    void (await Promise.all(open.map((checkpoint) => checkpoint.close())))
  try {
    const { clip, head } = await openParts(kind, path, headFile, weightsKey, read)
    if (base !== undefined) await requireFolder(base)
    refuseForeign(clip.weights, partOf(kind), base !== undefined)
    const described = await describe(kind, path, clip, base)
    const { config } = described
    const keys = await findKeys(kind, clip, config, base, read)
    const headTensors =
      head &&
      checkKeys({ checkpoint: head.weights, expected: headKeys(config.projectionDim), part: 'head' }).tensors
    const parts = head ? [clip, head] : [clip]
    if (weightsKey !== undefined) requireKey(weightsKey, parts)
    const find: FindTensor = (name) => (keys.tensors.get(name) ?? headTensors?.get(name))!
    // A base of which nothing is taken is no source.
    const sources = open.filter((checkpoint) => checkpoint !== keys.base || keys.fromBase.length > 0)
    return {
      parts: await partsOf(kind, path, described, find, sources, options.origin),
      fromBase: keys.fromBase,
      notes: [...notes(parts, keys.fromBase), ...described.unlike, ...otherPixels(described.preprocess)],
      close,
    }
  } catch (error) {
    await close()
    throw error
  }
}

/** Opens parts, and keeps what is to be closed in `open`. */
function readInto(open: Checkpoint[]): ReadPart {
  return async (part, place, options = {}) => {
    const checkpoint = await openCheckpoint(place, {
      asSaved: true,
      weightsKey: options.weightsKey,
      choose: chooseFitting(part, options),
      ...options.files,
    })
    open.push(checkpoint)
    return { checkpoint, weights: fitWeights(checkpoint, part, options) }
  }
}

const partOf = (kind: RewardKind): 'clip' | 'clip-vision' => (kind.takesPrompt ? 'clip' : 'clip-vision')

/** What the JSON files beside the weights, and those of the base model, say of it. */
interface Described {
  readonly config: ClipConfig
  readonly preprocess: PreprocessConfig
  /** How its config is unlike the base's, a line each. */
  readonly unlike: readonly string[]
}

async function describe(
  kind: RewardKind,
  path: string,
  clip: OpenPart,
  base: string | undefined,
): Promise<Described> {
  const beside = (await isFolder(path)) ? path : dirname(path)
  // First those beside the weights that were taken, as `from_pretrained` has it.
  const own = dirname(clip.checkpoint.path)
  const folders = [
    ...new Set([
      own,
      beside,
      ...(kind.takesPrompt ? [] : [join(beside, 'hp_backbone')]),
      ...(base ? [base] : []),
    ]),
  ]
  const { config, folder } = await findConfig(kind, folders, clip.weights)
  if (kind.takesPrompt) requireVocabulary(config, folder ?? clip.weights.path)
  const differs = base !== undefined && folder !== undefined && folder !== base
  const unlike = differs ? await unlikeBase(kind, config, folder, base) : []
  return { config, unlike, preprocess: await readPreprocess(folders, config.vision.imageSize) }
}

/** The tensors of CLIP by their names, those of the base model where the checkpoint lacks them. */
async function findKeys(
  kind: RewardKind,
  clip: OpenPart,
  config: ClipConfig,
  base: string | undefined,
  read: ReadPart,
): Promise<ReturnType<typeof checkKeys> & { readonly base: Checkpoint | undefined }> {
  const expected = expectedKeys(config)
  // A base that is there for its config only, or that is fetched in part, does no harm where nothing is taken from it.
  const lacks = kind.takesPrompt && [...expected.keys()].some((name) => !clip.weights.tensors.has(name))
  const from = lacks && base !== undefined ? await readBase(base, read) : undefined
  const keys = checkKeys({ checkpoint: clip.weights, base: from?.weights, expected, part: partOf(kind) })
  return { ...keys, base: from?.checkpoint }
}

async function partsOf(
  kind: RewardKind,
  path: string,
  { config, preprocess }: Described,
  find: FindTensor,
  sources: readonly Checkpoint[],
  { sha256 = {}, ...origin }: CheckpointOrigin = {},
): Promise<ModelParts> {
  const paths = new Set(sources.flatMap((checkpoint) => checkpoint.files))
  const files = await Promise.all([...paths].map((file) => sourceFile(file, path, sha256)))
  return {
    kind: kind.name,
    preprocess,
    name: origin.repository ?? `${basename(resolve(path))}`,
    config,
    find,
    weights: kind.takesPrompt
      ? { vision: visionWeights(config, find), text: textWeights(config, find) }
      : { vision: [...visionWeights(config, find), ...headWeights(config.projectionDim, find)] },
    source: { ...defined(origin), files },
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

function notes(parts: readonly OpenPart[], fromBase: readonly string[]): string[] {
  const lines: string[] = []
  for (const { checkpoint, weights } of parts) {
    const roots = weights.roots.filter((root) => root !== '')
    if (roots.length > 0) {
      const were = roots.length === 1 ? 'was' : 'were'
      lines.push(
        `the names in the checkpoint start with ${roots.map(show).join(' and ')}, which ${were} taken off`,
      )
    }
    if (weights.inner.length > 0) {
      const were = weights.inner.length === 1 ? 'was' : 'were'
      lines.push(
        `the names in the checkpoint have ${weights.inner.map(show).join(' and ')} within, which ${were} taken out`,
      )
    }
    const { path, others } = checkpoint
    if (others.length > 0) {
      const were = others.length === 1 ? 'was' : 'were'
      lines.push(`${path} was taken; ${others.join(', ')} beside it ${were} not`)
    }
  }
  if (fromBase.length > 0) {
    lines.push(
      `${fromBase.length} weights are not in the checkpoint and come from the base model: ${fromBase.slice(0, 5).join(', ')}${fromBase.length > 5 ? ', …' : ''}`,
    )
  }
  return [...new Set(lines)]
}

function otherPixels({ mean, std }: PreprocessConfig): string[] {
  const isClip = [...mean, ...std].every(
    (value, i) => value === [...CLIP_PREPROCESS.mean, ...CLIP_PREPROCESS.std][i],
  )
  return isClip
    ? []
    : [
        `its preprocessing has another mean and standard deviation than CLIP: ${mean.join(', ')} and ${std.join(', ')}`,
      ]
}

async function readBase(base: string, read: ReadPart): Promise<OpenPart | undefined> {
  try {
    return await read('clip', base)
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

async function requireFolder(base: string): Promise<void> {
  if (await isFolder(base)) return
  const isThere = await stat(base).then(
    () => true,
    () => false,
  )
  const why = isThere
    ? `is not a folder. Name the folder that it lies in (--base ${dirname(base)}).`
    : 'is not there. Check the path (--base).'
  throw new CheckpointError('checkpoint_not_found', `${base}: the base model ${why}`, { path: base })
}

function defined<T extends object>(value: T | undefined): { [K in keyof T]?: Exclude<T[K], undefined> } {
  return Object.fromEntries(Object.entries(value ?? {}).filter(([, field]) => field !== undefined)) as {
    [K in keyof T]?: Exclude<T[K], undefined>
  }
}
