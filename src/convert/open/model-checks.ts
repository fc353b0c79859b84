import { CheckpointError, show } from '../../base/errors.ts'
import { END_OF_TEXT } from '../../text/vocabulary.ts'
import type { ClipConfig } from '../config/clip-config.ts'
import type { CheckpointPart } from '../layouts/clip-keys.ts'
import type { FittedWeights } from '../layouts/fitted-weights.ts'
import { foreignWeights } from '../layouts/foreign-weights.ts'
import type { OpenPart } from './open-parts.ts'

/** Ends with what the weights are, where that is known from their names, before sizes and configs are spoken of. */
export function refuseForeign(
  { path, tensors }: FittedWeights,
  part: CheckpointPart,
  hasBase: boolean,
): void {
  const foreign = foreignWeights(tensors, part, hasBase)
  const fits = [...tensors.keys()].some((key) => key.startsWith('vision_model.encoder.'))
  if (!foreign || (fits && !foreign.isCertain)) return
  const names = [...tensors.keys()].slice(0, 20)
  throw new CheckpointError(
    'checkpoint_keys',
    `${path} does not have the weights of ${part === 'clip' ? 'an ICT checkpoint' : "HP's backbone"}. ${foreign.why}\n` +
      `It has ${tensors.size} weights:\n  ${names.join('\n  ')}${tensors.size > names.length ? `\n  … and ${tensors.size - names.length} more` : ''}`,
    { path, part, kind: foreign.kind, names },
  )
}

/** The text tower is given the ids of CLIP's tokenizer, and must have an embedding for each. */
export function requireVocabulary({ text: { vocabSize } }: ClipConfig, where: string): void {
  if (vocabSize > END_OF_TEXT) return
  throw new CheckpointError(
    'checkpoint_config',
    `${where}: its vocabulary has ${vocabSize} tokens, and that of CLIP has ${END_OF_TEXT + 1}, so its tokenizer is another ` +
      "than icthp has. ICT stands on CLIP's own: check that this is the right checkpoint, and the config.json that belongs " +
      'to it.',
    { where, vocabSize },
  )
}

/** Throws where `--weights-key` names nothing that was taken. */
export function requireKey(key: string, parts: readonly OpenPart[]): void {
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
