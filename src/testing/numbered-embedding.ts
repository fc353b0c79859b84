/** Length of a fake's embeddings. */
export const FAKE_DIM = 32

/** An embedding that is a number, bit by bit in its signs, so that normalising it does no harm. */
export function embedNumber(number: number): number[] {
  return Array.from({ length: FAKE_DIM }, (_, bit) => ((number >>> bit) & 1 ? 1 : -1))
}

export function numberOf(embeds: Float32Array): number {
  return embeds.reduce((number, value, bit) => (value > 0 ? (number | (1 << bit)) >>> 0 : number), 0)
}
