// Reading of arguments, for bench.mjs and gpu.mjs.
import { parseArgs } from 'node:util'
import { UsageError } from './terminal.mjs'

export const SIZES = ['tiny', 'base', 'vit-h']

/** Values by name; undefined for --help. `defaults` names every option with its default, undefined for none. */
export function readArguments(defaults) {
  const options = Object.fromEntries(
    Object.entries(defaults).map(([name, value]) => [
      name,
      { type: 'string', ...(value === undefined ? {} : { default: value }) },
    ]),
  )
  let values
  try {
    ;({ values } = parseArgs({ options: { ...options, help: { type: 'boolean', short: 'h' } } }))
  } catch ({ message }) {
    throw new UsageError(`${message}. See --help.`)
  }
  if (values.help) return undefined
  if (!SIZES.includes(values.size)) throw new UsageError(`--size ${values.size}: use ${SIZES.join(', ')}.`)
  return values
}

/** Names in a list with commas, none twice. */
export function namesOf(option, value, known) {
  const names = [
    ...new Set(
      value
        .split(',')
        .map((name) => name.trim())
        .filter(Boolean),
    ),
  ]
  if (names.length > 0 && names.every((name) => known.includes(name))) return names
  throw new UsageError(`${option} ${value}: use some of ${known.join(', ')}.`)
}

export function countOf(option, value) {
  if (/^[1-9]\d*$/.test(value)) return Number(value)
  throw new UsageError(`${option} ${value}: give a whole number from 1.`)
}
