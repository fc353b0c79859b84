import { stat } from 'node:fs/promises'
import { basename, dirname, join, relative, resolve } from 'node:path'
import { CheckpointError, show } from '../base/errors.ts'
import { type Checkpoint, type CheckpointOptions, openCheckpoint } from '../checkpoint/checkpoint.ts'
import { CLIP_PREPROCESS, type PreprocessConfig } from '../image/preprocess.ts'
import type { ModelKind, ModelOrigin } from '../models/manifest.ts'
import { END_OF_TEXT } from '../text/vocabulary.ts'
import type { ClipConfig } from './clip-config.ts'
import { checkKeys, type CheckpointPart, expectedKeys, headKeys } from './clip-keys.ts'
import type { CheckpointOrigin } from './convert-checkpoints.ts'
import type { ModelParts } from './convert-model.ts'
import { findConfig, unlikeBase } from './find-config.ts'
import { chooseFitting, type FitOptions, type FittedWeights, fitWeights } from './fitted-weights.ts'
import { foreignWeights } from './foreign-weights.ts'
import { type FindTensor, headWeights, textWeights, visionWeights } from './graph/tower-weights.ts'
import { hpPlaces, isFolder } from './hp-places.ts'
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
  const read: ReadPart = async (part, place, options = {}) => {
    const checkpoint = await openCheckpoint(place, {
      asSaved: true,
      weightsKey: options.weightsKey,
      choose: chooseFitting(part, options),
      ...options.files,
    })
    open.push(checkpoint)
    return { checkpoint, weights: fitWeights(checkpoint, part, options) }
  }
  const close = async (): Promise<void> =>
    void (await Promise.all(open.map((checkpoint) => checkpoint.close())))
  try {
    const { clip, head } = await openParts(kind, path, headFile, weightsKey, read)
    if (base !== undefined) await requireFolder(base)
    const beside = (await isFolder(path)) ? path : dirname(path)
    const folders = [beside, ...(kind === 'hp' ? [join(beside, 'hp_backbone')] : []), ...(base ? [base] : [])]
    const part = kind === 'hp' ? 'hp-backbone' : 'ict'
    refuseForeign(clip.weights, part, base !== undefined)
    const { config, folder } = await findConfig(kind, folders, clip.weights)
    if (kind === 'ict') requireVocabulary(config, folder ?? clip.weights.path)
    const unlike =
      base !== undefined && folder !== undefined && folder !== base
        ? await unlikeBase(kind, config, folder, base)
        : []
    const preprocess = await readPreprocess(folders, config.vision.imageSize)
    const expected = expectedKeys(config)
    // A base that is there for its config only, or that is fetched in part, does no harm where nothing is taken from it.
    const lacks = kind === 'ict' && [...expected.keys()].some((name) => !clip.weights.tensors.has(name))
    const baseClip = lacks && base !== undefined ? await readBase(base, read) : undefined
    const keys = checkKeys({ checkpoint: clip.weights, base: baseClip?.weights, expected, part })
    const headTensors =
      head &&
      checkKeys({ checkpoint: head.weights, expected: headKeys(config.projectionDim), part: 'hp-head' })
        .tensors
    const parts = head ? [clip, head] : [clip]
    if (weightsKey !== undefined) requireKey(weightsKey, parts)
    const find: FindTensor = (name) => (keys.tensors.get(name) ?? headTensors?.get(name))!
    const sources = open.filter(
      (checkpoint) => checkpoint !== baseClip?.checkpoint || keys.fromBase.length > 0,
    )
    const paths = new Set(sources.flatMap((checkpoint) => checkpoint.files))
    const files = await Promise.all([...paths].map((file) => sourceFile(file, path, sha256)))
    return {
      parts: {
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
      },
      fromBase: keys.fromBase,
      notes: [...notes(parts, keys.fromBase), ...unlike, ...otherPixels(preprocess)],
      close,
    }
  } catch (error) {
    await close()
    throw error
  }
}

/** A part of a model: its file, and its weights under the model's names. */
interface OpenPart {
  readonly checkpoint: Checkpoint
  readonly weights: FittedWeights
}

type ReadPart = (
  part: CheckpointPart,
  place: string,
  options?: FitOptions & { readonly files?: CheckpointOptions },
) => Promise<OpenPart>

/** ICT is one checkpoint; HP is two, or both in one file. */
async function openParts(
  kind: ModelKind,
  path: string,
  headFile: string | undefined,
  weightsKey: string | undefined,
  read: ReadPart,
): Promise<{ clip: OpenPart; head?: OpenPart }> {
  if (kind === 'ict') return { clip: await read('ict', path, { weightsKey }) }
  const { backbone, head } = await hpPlaces(path, headFile)
  if (head) {
    const clip = await read('hp-backbone', backbone.path, { weightsKey, files: backbone.options })
    return { clip, head: await read('hp-head', head.path, { weightsKey, files: head.options }) }
  }
  const both = await read('hp-head', backbone.path, {
    weightsKey,
    beside: 'hp-backbone',
    files: backbone.options,
  }).catch((error: unknown) => {
    throw error instanceof CheckpointError && isChoice(error.details['files']) ? twoFiles(error) : error
  })
  const lacking = [...headKeys().keys()].filter((key) => !both.weights.tensors.has(key))
  if (lacking.length > 0) throw needsHead(both.weights.path)
  return {
    clip: await read('hp-backbone', backbone.path, {
      weightsKey,
      beside: 'hp-head',
      files: backbone.options,
    }),
    head: both,
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
        `its preprocessor_config.json has another mean and standard deviation than CLIP: ${mean.join(', ')} and ${std.join(', ')}`,
      ]
}

async function readBase(base: string, read: ReadPart): Promise<OpenPart | undefined> {
  try {
    return await read('ict', base)
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

const isChoice = (files: unknown): boolean => Array.isArray(files) && files.length > 1

function twoFiles({ code, message, details }: CheckpointError): CheckpointError {
  return new CheckpointError(code, `${message} HP has two: --hp BACKBONE --hp-head HEAD.`, details)
}

function needsHead(path: string): CheckpointError {
  return new CheckpointError(
    'checkpoint_not_found',
    `${path} is one file without HP's head in it: name that of the head, too (--hp-head FILE), or give the folder of both ` +
      '(hp_backbone/ and hp_scorer/, or with mlp_pytorch_model.bin in it).',
    { path },
  )
}

/** Ends with what the weights are, where that is known from their names, before sizes and configs are spoken of. */
function refuseForeign({ path, tensors }: FittedWeights, part: CheckpointPart, hasBase: boolean): void {
  const foreign = foreignWeights(tensors, part, hasBase)
  const fits = [...tensors.keys()].some((key) => key.startsWith('vision_model.encoder.'))
  if (!foreign || (fits && !foreign.isCertain)) return
  const names = [...tensors.keys()].slice(0, 20)
  throw new CheckpointError(
    'checkpoint_keys',
    `${path} does not have the weights of ${part === 'ict' ? 'an ICT checkpoint' : "HP's backbone"}. ${foreign.why}\n` +
      `It has ${tensors.size} weights:\n  ${names.join('\n  ')}${tensors.size > names.length ? `\n  … and ${tensors.size - names.length} more` : ''}`,
    { path, part, kind: foreign.kind, names },
  )
}

/** The text tower is given the ids of CLIP's tokenizer, and must have an embedding for each. */
function requireVocabulary({ text: { vocabSize } }: ClipConfig, where: string): void {
  if (vocabSize > END_OF_TEXT) return
  throw new CheckpointError(
    'checkpoint_config',
    `${where}: its vocabulary has ${vocabSize} tokens, and that of CLIP has ${END_OF_TEXT + 1}, so its tokenizer is another ` +
      "than icthp has. ICT stands on CLIP's own: check that this is the right checkpoint, and the config.json that belongs " +
      'to it.',
    { where, vocabSize },
  )
}

function requireKey(key: string, parts: readonly OpenPart[]): void {
  if (parts.some(({ weights }) => weights.isNamed)) return
  const found = parts.map(({ weights: { path, roots } }) => {
    const sets = roots.map((root) => root.replace(/\.$/, '')).filter((root) => root !== '')
    return `${path}: ${sets.length === 0 ? 'its weights lie at the top' : sets.join(', ')}`
  })
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
