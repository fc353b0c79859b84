/** How far a score is off: two digits tell its size. */
export function formatLoss(value: number): string {
  if (value === 0) return '0'
  return value < 1e-4 ? value.toExponential(1) : value.toPrecision(2)
}

/** Five digits, never rounded up: 1 means that nothing at all was lost. */
export const formatCosine = (value: number): string =>
  value === 1 ? '1' : (Math.floor(value * 1e5) / 1e5).toFixed(5)

/** Kendall's. */
export const formatTau = (value: number): string => (value === 1 ? '1' : value.toFixed(3))

export const formatSeconds = (value: number): string => `${value.toPrecision(3)} s`
