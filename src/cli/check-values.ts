import type { Command } from 'commander'
import { UsageError } from './exit-codes.ts'

/** What could be an option; a negative number could not. */
const LIKE_AN_OPTION = /^-(?:-|[a-z])/i

/**
 * Refuses `-p -d cpu`, where a value is missing and the next option would be taken for it, and `-p=text`, where the equals sign
 * would be part of the value. Throws `UsageError` that says how such a value is given.
 */
export function checkOptionValues(
  argv: readonly string[],
  program: Command,
  onCommand: (name: string) => void,
): void {
  const [name, inner] = argv.filter((arg) => !arg.startsWith('-'))
  const outer = program.commands.find((candidate) => candidate.name() === name)
  if (!outer) return
  const command = outer.commands.find((candidate) => candidate.name() === inner) ?? outer
  onCommand(command === outer ? outer.name() : `${outer.name()} ${command.name()}`)
  for (let i = 0; i < argv.length && argv[i] !== '--'; i++) {
    const arg = argv[i]!
    const glued = /^-[a-z]=/i.test(arg) ? arg.slice(0, 2) : undefined
    const option = command.options.find((candidate) =>
      [candidate.short, candidate.long].includes(glued ?? arg),
    )
    if (!option?.required) continue
    const long = option.long!
    if (glued)
      throw new UsageError(
        `${arg} is not how a value is given: write ${glued} VALUE, or ${long}=${arg.slice(3)}.`,
      )
    const value = argv[++i]
    if (value === undefined || !LIKE_AN_OPTION.test(value)) continue
    throw new UsageError(
      `option '${option.flags}' is followed by ${value}, so its value is missing. ` +
        `If ${value} is the value, write ${long}=${quoted(value)}.`,
    )
  }
}

const quoted = (value: string): string => (/^[\w.,/:=-]+$/.test(value) ? value : JSON.stringify(value))
