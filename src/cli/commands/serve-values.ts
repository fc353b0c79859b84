import { InvalidArgumentError } from 'commander'
import { wholeNumber } from '../options/common-options.ts'

export function portNumber(text: string): number {
  const port = wholeNumber(0)(text)
  if (port > 65_535) throw new InvalidArgumentError('It must be a whole number from 0 to 65535.')
  return port
}

const UNITS: Readonly<Record<string, number>> = {
  '': 1,
  k: 1e3,
  m: 1e6,
  g: 1e9,
  ki: 2 ** 10,
  mi: 2 ** 20,
  gi: 2 ** 30,
}

/** `512MiB`, `1GB`, `1000000`. */
export function byteSize(text: string): number {
  const [, number, unit = ''] = /^(\d+(?:\.\d+)?)\s*([kmg]i?|)b?$/i.exec(text) ?? []
  const bytes = Math.floor(Number(number) * UNITS[unit.toLowerCase()]!)
  if (number !== undefined && bytes >= 1 && Number.isSafeInteger(bytes)) return bytes
  throw new InvalidArgumentError('It must be a size such as 128MiB, 1GB or 1000000.')
}

export const hostList = (text: string): string[] =>
  text
    .split(',')
    .map((host) => host.trim())
    .filter((host) => host !== '')
