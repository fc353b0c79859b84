/**
 * Kendall's τ-b of two score lists for the same things (Kendall 1945, "The treatment of ties in ranking problems"): 1 for
 * the same order, -1 for the reverse, 0 for no relation. Lists without any order agree with each other (1) and with no
 * other (0).
 */
export function kendallTau(a: readonly number[], b: readonly number[]): number {
  let [balance, untiedA, untiedB] = [0, 0, 0]
  for (let i = 0; i < a.length; i++) {
    for (let j = 0; j < i; j++) {
      const x = Math.sign(a[i]! - a[j]!)
      const y = Math.sign(b[i]! - b[j]!)
      balance += x * y
      untiedA += x * x
      untiedB += y * y
    }
  }
  if (untiedA === 0 || untiedB === 0) return untiedA === untiedB ? 1 : 0
  return balance / Math.sqrt(untiedA * untiedB)
}

/** Whether what `scores` puts first is among the best by `right`. Of equal scores the earlier is first, as in a ranking. */
export function sameBest(right: readonly number[], scores: readonly number[]): boolean {
  const first = scores.indexOf(scores.reduce((a, b) => Math.max(a, b), -Infinity))
  return right[first] === right.reduce((a, b) => Math.max(a, b), -Infinity)
}

export const mean = (values: readonly number[]): number => values.reduce((a, b) => a + b, 0) / values.length
export const least = (values: readonly number[]): number => values.reduce((a, b) => Math.min(a, b), Infinity)
export const most = (values: readonly number[]): number => values.reduce((a, b) => Math.max(a, b), -Infinity)

export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b)
  const middle = sorted.length >> 1
  return sorted.length % 2 === 1 ? sorted[middle]! : (sorted[middle - 1]! + sorted[middle]!) / 2
}

/** Six digits: more would only be noise in a file that people read. */
export const rounded = (value: number): number => Number(value.toPrecision(6))
