import type { Command, Option } from 'commander'
import { hidePasswords } from '../../base/hide-passwords.ts'
import { UsageError } from '../exit-codes.ts'

/** What could be an option; a negative number could not. */
const LIKE_AN_OPTION = /^-(?:-|[a-z])/i

/** What may be empty, or says itself why it may not. */
const MAY_BE_EMPTY: ReadonlySet<string | undefined> = new Set(['--prompt', '--text', '--token'])

const ADDRESS = /^[a-z][a-z\d+.-]+:\/\//i

/**
 * Refuses `-p -d cpu`, where a value is missing and the next option would be taken for it, and `-p=text`, where the equals sign
 * would be part of the value, `--out "$UNSET"`, which would mean the working folder, and `--html https://…`, which would make a folder
 * `https:`. Throws `UsageError` that says how such a value is given.
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
    // A shell may name tens of thousands of files.
    if (!arg.startsWith('-')) continue
    const glued = /^-[a-z]=/i.test(arg) ? arg.slice(0, 2) : undefined
    const [, named = arg, joined] = /^(--[^=]+)=(.*)$/s.exec(arg) ?? []
    const option = command.options.find(({ short, long }) => [short, long].includes(glued ?? named))
    if (!option?.required) continue
    const long = option.long!
    const empty = joined === '' || (joined === undefined && argv[i + 1] === '' && !glued)
    if (empty && !MAY_BE_EMPTY.has(long))
      throw new UsageError(
        `option '${option.flags}' has an empty value: a variable may be. Give one, or leave ${long} out.`,
      )
    refuseAddress(option, joined ?? argv[i + 1], command)
    if (joined !== undefined) continue
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

/** Files and folders are those of this machine, but for models and for the parts of a dataset. */
function refuseAddress({ flags, long }: Option, value: string | undefined, command: Command): void {
  if (value === undefined || !/<(?:dir|file)>$/.test(flags) || !ADDRESS.test(value) || long === '--model')
    return
  const isParts = command.parent?.name() === 'dataset' && long === '--out'
  if (isParts && /^(?:s3|file):/i.test(value)) return
  const takes = isParts ? 'a folder or s3://bucket/prefix' : 'a path of this machine'
  throw new UsageError(`${long} takes ${takes}, not an address such as ${hidePasswords(value)}.`)
}

const quoted = (value: string): string => (/^[\w.,/:=-]+$/.test(value) ? value : JSON.stringify(value))
