import { CheckpointError } from '../../base/errors.ts'
import type { Checkpoint, CheckpointOptions } from '../../checkpoint/checkpoint.ts'
import type { RewardKind } from '../../models/kinds.ts'
import { type CheckpointPart, headKeys } from '../layouts/clip-keys.ts'
import type { FitOptions, FittedWeights } from '../layouts/fitted-weights.ts'
import { hpPlaces } from './hp-places.ts'

/** A part of a model: its file, and its weights under the model's names. */
export interface OpenPart {
  readonly checkpoint: Checkpoint
  readonly weights: FittedWeights
}

export type ReadPart = (
  part: CheckpointPart,
  place: string,
  options?: FitOptions & { readonly files?: CheckpointOptions },
) => Promise<OpenPart>

/** A model that takes a prompt is one checkpoint (ICT); one with a head is two, or both in one file (HP). */
export async function openParts(
  kind: RewardKind,
  path: string,
  headFile: string | undefined,
  weightsKey: string | undefined,
  read: ReadPart,
): Promise<{ clip: OpenPart; head?: OpenPart }> {
  if (kind.takesPrompt) return { clip: await read('clip', path, { weightsKey }) }
  const { backbone, head } = await hpPlaces(path, headFile)
  if (head) {
    const clip = await read('clip-vision', backbone.path, { weightsKey, files: backbone.options })
    return { clip, head: await read('head', head.path, { weightsKey, files: head.options }) }
  }
  const both = await read('head', backbone.path, {
    weightsKey,
    beside: 'clip-vision',
    files: backbone.options,
  }).catch((error: unknown) => {
    throw error instanceof CheckpointError && isChoice(error.details['files']) ? twoFiles(error) : error
  })
  const lacking = [...headKeys().keys()].filter((key) => !both.weights.tensors.has(key))
  if (lacking.length > 0) throw needsHead(both.weights.path)
  return {
    clip: await read('clip-vision', backbone.path, {
      weightsKey,
      beside: 'head',
      files: backbone.options,
    }),
    head: both,
  }
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
