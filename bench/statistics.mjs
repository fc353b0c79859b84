// Medians and spreads. A ratio is taken round by round, between runs that were neighbours in time, and its median shown:
// other load on the machine then meets both sides alike.

export function median(values) {
  const sorted = [...values].sort((a, b) => a - b)
  const half = sorted.length >> 1
  return sorted.length % 2 ? sorted[half] : (sorted[half - 1] + sorted[half]) / 2
}

/** Ratios of values that were measured in the same round. */
export const ratios = (above, below) => above.map((value, i) => value / below[i])

/**
 * Calls each side once a round, the order turned round from one round to the next, and gives what each answered, by name.
 * Warm-up rounds come first and are thrown away. After `limit` seconds no further round is begun.
 */
export async function interleave(sides, { runs, warmUp = 1, limit = Infinity, signal, prepare, terminal }) {
  const names = Object.keys(sides)
  const values = Object.fromEntries(names.map((name) => [name, []]))
  let start
  for (let round = -warmUp; round < runs; round++) {
    if (round === 0) start = performance.now()
    if (round > 0 && performance.now() - start > 1000 * limit) break
    prepare?.()
    if (round >= 0) terminal?.detail(`round ${round + 1} of ${runs}`)
    for (const name of round % 2 ? [...names].reverse() : names) {
      signal?.throwIfAborted()
      const value = await sides[name]()
      if (round >= 0) values[name].push(value)
    }
  }
  return values
}

/** Seconds that a task takes. */
export async function seconds(task) {
  const start = performance.now()
  await task()
  return (performance.now() - start) / 1000
}
