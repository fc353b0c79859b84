const UNITS = [
  ['kB', 1e3],
  ['MB', 1e6],
  ['GB', 1e9],
] as const

/** 1 MB is a million bytes, as download sizes are told. */
export function bytes(count: number): string {
  const [unit, size] = UNITS.find(([, size]) => count < 1000 * size) ?? UNITS[2]
  const value = count / size
  return `${value.toFixed(value < 10 ? 1 : 0)} ${unit}`
}

export const score = (value: number): string => value.toFixed(4)

export const plural = (count: number, one: string, many = `${one}s`): string =>
  `${count} ${count === 1 ? one : many}`
