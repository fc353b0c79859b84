/** The most milliseconds that a timer can hold; asked for more (or for `Infinity`), it rings at once. */
export const MOST_MS: number = 2 ** 31 - 1

export const timerLimit = (milliseconds: number): number => Math.min(milliseconds, MOST_MS)
