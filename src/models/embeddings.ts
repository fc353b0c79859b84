/** `embeds` divided by its Euclidean length, in double precision, rounded once. */
export function l2Normalise(embeds: Float32Array): Float32Array {
  let sum = 0
  for (const value of embeds) sum += value * value
  const length = Math.sqrt(sum)
  return embeds.map((value) => value / length)
}

/** Dot product in double precision: the ICT score of two L2-normalised embeddings, in [-1, 1]. */
export function dot(a: Float32Array, b: Float32Array): number {
  let sum = 0
  for (let i = 0; i < a.length; i++) sum += a[i]! * b[i]!
  return sum
}

/** 1 / (1 + e^-x): an HP logit's score, in (0, 1). */
export function sigmoid(logit: number): number {
  return 1 / (1 + Math.exp(-logit))
}
