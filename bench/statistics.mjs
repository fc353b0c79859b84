// Medians and spreads. A ratio is taken round by round, between runs that were neighbours in time, and its median shown:
// other load on the machine then meets both sides alike.

/** @typedef {{ median: number, low: number, high: number, n: number }} Summary */

/** @param {readonly number[]} values */
export function median(values) {
  const sorted = [...values].sort((a, b) => a - b)
  const half = sorted.length >> 1
  return sorted.length % 2 ? sorted[half] : (sorted[half - 1] + sorted[half]) / 2
}

/**
 * Median, least and greatest of the rounds; undefined of none.
 * @param {readonly number[] | undefined} values
 * @returns {Summary | undefined}
 */
export function summarise(values) {
  if (!values?.length) return undefined
  return { median: median(values), low: Math.min(...values), high: Math.max(...values), n: values.length }
}

/**
 * Ratios of values that were measured in the same round.
 * @param {readonly number[]} above
 * @param {readonly number[]} below
 */
export function ratios(above, below) {
  return Array.from({ length: Math.min(above.length, below.length) }, (_, i) => above[i] / below[i])
}

/**
 * Calls each side once a round, the order turned round from one round to the next, and returns what each answered. Warm-up
 * rounds come first and are thrown away.
 * @template {string} Name
 * @param {Record<Name, () => number | Promise<number>>} sides each returns its measure, for example seconds
 * @param {{ runs: number, warmUp?: number, signal?: AbortSignal, prepare?: () => void, onRound?: (round: number) => void }} options
 *   `prepare` is called before every round, `onRound` before those that count
 * @returns {Promise<Record<Name, number[]>>}
 */
export async function interleave(sides, { runs, warmUp = 1, signal, prepare, onRound }) {
  const names = /** @type {Name[]} */ (Object.keys(sides))
  const values = /** @type {Record<Name, number[]>} */ (Object.fromEntries(names.map((name) => [name, []])))
  for (let round = -warmUp; round < runs; round++) {
    prepare?.()
    if (round >= 0) onRound?.(round)
    for (const name of round % 2 ? [...names].reverse() : names) {
      signal?.throwIfAborted()
      const value = await sides[name]()
      if (round >= 0) values[name].push(value)
    }
  }
  return values
}

/**
 * Seconds that a task takes.
 * @param {() => unknown} task
 */
export async function seconds(task) {
  const start = performance.now()
  await task()
  return (performance.now() - start) / 1000
}
