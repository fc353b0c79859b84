import { join } from 'node:path'
import { show } from '../../base/errors.ts'
import type { RewardKind } from '../../models/kinds.ts'
import type { NamedWeights } from '../layouts/clip-keys.ts'
import { type ClipConfig, parseClipConfig } from './clip-config.ts'
import { inferClipConfig } from './infer-clip-config.ts'
import { readJson } from './read-json.ts'

/** config.json of the first folder that has one; else what the shapes tell. */
export async function findConfig(
  kind: RewardKind,
  folders: readonly string[],
  weights: NamedWeights,
): Promise<{ config: ClipConfig; folder?: string }> {
  for (const folder of folders) {
    const config = await readConfig(kind, folder)
    if (config) return { config, folder }
  }
  return { config: inferClipConfig(weights) }
}

async function readConfig(kind: RewardKind, folder: string): Promise<ClipConfig | undefined> {
  const path = join(folder, 'config.json')
  const found = await readJson(path)
  return found && parseClipConfig(found.json, path, kind.takesPrompt ? 'both' : 'vision')
}

/** A line where the checkpoint's own config says otherwise than the base's: the wrong heads leave no trace in the shapes. */
export async function unlikeBase(
  kind: RewardKind,
  config: ClipConfig,
  folder: string,
  base: string,
): Promise<string[]> {
  // Nothing is taken of it here, and a base that was fetched in part does no harm: what is wrong with it need not be told.
  const other = await readConfig(kind, base).catch(() => undefined)
  if (!other) return []
  const fields = (of: ClipConfig): Map<string, unknown> =>
    new Map([
      ...Object.entries(of.vision).map(([name, value]) => [`vision ${name}`, value] as const),
      ...(kind.takesPrompt
        ? Object.entries(of.text).map(([name, value]) => [`text ${name}`, value] as const)
        : []),
      ['projectionDim', of.projectionDim] as const,
    ])
  const others = fields(other)
  const differences = [...fields(config)].filter(([name, value]) => others.get(name) !== value)
  if (differences.length === 0) return []
  const list = differences.map(([name, value]) => `${name} ${show(value)}, not ${show(others.get(name))}`)
  return [`${join(folder, 'config.json')} was taken, which is unlike the base model's: ${list.join('; ')}`]
}
