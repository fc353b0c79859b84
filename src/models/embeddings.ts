import { InputError, show } from '../base/errors.ts'

/** `embeds` divided by its Euclidean length, in double precision, rounded once. */
export function l2Normalise(embeds: Float32Array): Float32Array {
  checkEmbedding(embeds)
  let sum = 0
  for (const value of embeds) sum += value * value
  const length = Math.sqrt(sum)
  return embeds.map((value) => value / length)
}

/**
 * Dot product in double precision: the ICT score of two L2-normalised embeddings, in [-1, 1]. Throws `InputError` for
 * embeddings of different lengths, which are of different models.
 */
export function dot(a: Float32Array, b: Float32Array): number {
  checkEmbedding(a)
  checkEmbedding(b)
  if (a.length !== b.length) {
    throw new InputError(
      'input_length_mismatch',
      `Embeddings of ${a.length} and of ${b.length} values have no product. Make both with the same model.`,
      { lengths: [a.length, b.length] },
    )
  }
  let sum = 0
  for (let i = 0; i < a.length; i++) sum += a[i]! * b[i]!
  return sum
}

/** A list of numbers does as well; a buffer that was handed to another thread is empty. */
function checkEmbedding(embeds: unknown): void {
  const list = Array.isArray(embeds)
    ? Array.from<unknown>(embeds).every((value) => typeof value === 'number')
    : ArrayBuffer.isView(embeds) &&
      'length' in embeds &&
      !/\[object Big/.test(Object.prototype.toString.call(embeds))
  if (list && (embeds as ArrayLike<unknown>).length > 0) return
  throw new InputError(
    'input_invalid_option',
    `An embedding is a Float32Array with values in it, not ${ArrayBuffer.isView(embeds) ? 'an empty one' : show(embeds)}.`,
  )
}

/** 1 / (1 + e^-x): an HP logit's score, in (0, 1). Throws `InputError` for what is no number. */
export function sigmoid(logit: number): number {
  if (typeof logit !== 'number')
    throw new InputError('input_invalid_option', `A logit is a number, not ${show(logit)}.`)
  return 1 / (1 + Math.exp(-logit))
}
