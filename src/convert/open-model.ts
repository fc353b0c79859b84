import { readFile, stat } from 'node:fs/promises'
import { basename, join, relative, resolve } from 'node:path'
import { CheckpointError, show } from '../errors.ts'
import type { ModelKind, ModelOrigin } from '../models/manifest.ts'
import { openCheckpoint, type Checkpoint } from './checkpoint/checkpoint.ts'
import { inferClipConfig, parseClipConfig, type ClipConfig } from './clip-config.ts'
import { checkKeys, expectedKeys, headKeys } from './clip-keys.ts'
import type { CheckpointOrigin } from './convert-checkpoints.ts'
import type { ModelParts } from './convert-model.ts'
import { headWeights, textWeights, visionWeights, type FindTensor } from './graph/tower-weights.ts'

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
  readonly origin?: CheckpointOrigin | undefined
}

/** Opens and checks a checkpoint. Throws `CheckpointError`. */
export async function openModel(kind: ModelKind, path: string, { base, origin: { sha256 = {}, ...origin } = {} }: OpenModelOptions): Promise<OpenModel> {
  const open: Checkpoint[] = []
  const read = async (place: string): Promise<Checkpoint> => {
    const checkpoint = await openCheckpoint(place)
    open.push(checkpoint)
    return checkpoint
  }
  const close = async (): Promise<void> => void (await Promise.all(open.map((checkpoint) => checkpoint.close())))
  try {
    const clip = await read(kind === 'hp' ? join(path, 'hp_backbone') : path)
    const config = await findConfig([path, ...(kind === 'hp' ? [join(path, 'hp_backbone')] : []), ...(base ? [base] : [])], clip)
    const baseClip = kind === 'ict' && base && (await hasWeights(base)) ? await read(base) : undefined
    const keys = checkKeys({ checkpoint: clip, base: baseClip, expected: expectedKeys(config), part: kind === 'hp' ? 'hp-backbone' : 'ict' })
    const head = kind === 'hp' ? await read(join(path, 'hp_scorer')) : undefined
    const headTensors = head && checkKeys({ checkpoint: head, expected: headKeys(config.projectionDim), part: 'hp-head' }).tensors
    const find: FindTensor = (name) => (keys.tensors.get(name) ?? headTensors?.get(name))!
    const sources = open.filter((checkpoint) => checkpoint !== baseClip || keys.fromBase.length > 0)
    const files = await Promise.all(sources.flatMap((checkpoint) => checkpoint.files).map((file) => sourceFile(file, path, sha256)))
    const parts: ModelParts = {
      kind,
      name: origin.repository ?? `${basename(resolve(path))}`,
      config,
      find,
      weights: kind === 'hp'
        ? { vision: [...visionWeights(config, find), ...headWeights(config.projectionDim, find)] }
        : { vision: visionWeights(config, find), text: textWeights(config, find) },
      source: { ...defined(origin), files },
    }
    return { parts, fromBase: keys.fromBase, notes: notes(clip, keys.fromBase), close }
  } catch (error) {
    await close()
    throw error
  }
}

/** What is known of a file of the checkpoint. It is not hashed: that was a quarter of what a conversion costs. */
async function sourceFile(path: string, root: string, sha256: Readonly<Record<string, string>>): Promise<ModelOrigin['files'][number]> {
  const inside = relative(resolve(root), resolve(path))
  const name = inside === '' || inside.startsWith('..') ? basename(path) : inside.replaceAll('\\', '/')
  return { path: name, size: (await stat(path)).size, ...defined({ sha256: sha256[name] }) }
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

function defined<T extends object>(value: T | undefined): { [K in keyof T]?: Exclude<T[K], undefined> } {
  return Object.fromEntries(Object.entries(value ?? {}).filter(([, field]) => field !== undefined)) as { [K in keyof T]?: Exclude<T[K], undefined> }
}
