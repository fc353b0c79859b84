import { stat } from 'node:fs/promises'
import { join } from 'node:path'
import { isFolder } from '../../base/files/is-folder-node.ts'
import type { CheckpointOptions } from '../../checkpoint/checkpoint.ts'

/** Where a part of HP lies, and how it is opened. */
interface PartPlace {
  readonly path: string
  readonly options: CheckpointOptions
}

export interface HpPlaces {
  readonly backbone: PartPlace
  /** `undefined`: in the backbone's file, or nowhere. */
  readonly head: PartPlace | undefined
}

/** What the official repository calls the head. */
const HEAD_NAMES = ['mlp_pytorch_model.bin']

/**
 * The two parts of HP: `hp_backbone/` and `hp_scorer/` of a folder; where one of them is not there, the files of the
 * folder itself, of which the head is the one with the official name. A file is the backbone's.
 */
export async function hpPlaces(path: string, head: string | undefined): Promise<HpPlaces> {
  const named = head === undefined ? undefined : { path: head, options: { preferred: HEAD_NAMES } }
  if (!(await isFolder(path))) return { backbone: { path, options: {} }, head: named }
  const inner = join(path, 'hp_backbone')
  const isOfficial = await isThere(inner)
  const backbone = isOfficial ? { path: inner, options: {} } : { path, options: { avoided: HEAD_NAMES } }
  if (named) return { backbone, head: named }
  const scorer = join(path, 'hp_scorer')
  if (await isThere(scorer)) return { backbone, head: { path: scorer, options: { preferred: HEAD_NAMES } } }
  const beside = join(path, HEAD_NAMES[0]!)
  if (await isThere(beside)) return { backbone, head: { path: beside, options: {} } }
  return { backbone, head: isOfficial ? { path: scorer, options: {} } : undefined }
}

const isThere = (path: string): Promise<boolean> =>
  stat(path).then(
    () => true,
    () => false,
  )
