import { Command, CommanderError } from 'commander'
import { IcthpError, InputError } from '../base/errors.ts'
import { hidePasswords } from '../base/hide-passwords.ts'
import { VERSION } from '../base/version.ts'
import type { CliIo } from './cli-io.ts'
import { addConvert } from './commands/convert.ts'
import { addDataset } from './commands/dataset/dataset.ts'
import { addExport } from './commands/export.ts'
import { addInfo } from './commands/info.ts'
import { addInspect } from './commands/inspect.ts'
import { addPull } from './commands/pull.ts'
import { addRank } from './commands/rank.ts'
import { addScore } from './commands/score.ts'
import { addServe } from './commands/serve.ts'
import { addVerify } from './commands/verify.ts'
import type { Context } from './context.ts'
import { EXIT, exitCodeOf, Stopped } from './exit-codes.ts'
import { checkOptionValues } from './options/check-values.ts'
import { inFlags } from './options/in-flags.ts'
import { cutWords } from './output/display-width.ts'
import { Terminal, type TerminalOptions } from './output/terminal.ts'

/** Runs one command line (without `node` and the script) and returns what the process should end with. Never throws. */
export async function run(given: readonly string[], io: CliIo): Promise<number> {
  const terminal = new Terminal(io)
  const context: Context = { io, terminal, exitCode: EXIT.done }
  let command = 'icthp'
  let verbose = Boolean(io.env['ICTHP_DEBUG'])
  const program = createProgram(context).hook('preAction', (_program, action) => {
    const options = action.opts<TerminalOptions & { verbose?: true }>()
    terminal.configure(options)
    command = pathOf(action)
    verbose ||= options.verbose === true
  })
  const argv = helpAsked(given, program)
  try {
    checkOptionValues(argv, program, (name) => (command = `icthp ${name}`))
    await program.parseAsync(argv, { from: 'user' })
    terminal.clear()
    await io.flush?.()
    if (!context.endsWhenStopped) io.signal.throwIfAborted()
    return context.exitCode
  } catch (thrown) {
    terminal.clear()
    // A run that was stopped ends with whatever was under way; why it was stopped is what counts.
    const error: unknown = io.signal.aborted ? io.signal.reason : thrown
    if (error instanceof Stopped) {
      if (context.goesOn && error.signal !== 'EPIPE') terminal.note(context.goesOn)
      return error.exitCode
    }
    if (io.signal.aborted && !(error instanceof IcthpError)) return EXIT.failed
    // Commander has written its message already. Without a command it shows the help, as an error.
    if (error instanceof CommanderError) {
      await io.flush?.()
      if (io.signal.aborted && error.exitCode === 0) return endedBy(io.signal.reason, terminal)
      return error.exitCode === 0 ? EXIT.done : EXIT.usage
    }
    return tell(typed(error), terminal, command, verbose)
  }
}

/** `help dataset score` as `dataset score --help`: commander's own knows commands of one name. */
function helpAsked(argv: readonly string[], program: Command): readonly string[] {
  const [first, ...names] = argv
  if (first !== 'help' || names.length === 0) return argv
  let command = program
  for (const [i, name] of names.entries()) {
    if (command.commands.length === 0) break
    const inner = command.commands.find((candidate) => candidate.name() === name)
    // Told as an unknown command, with what it may mean.
    if (!inner) return names.slice(0, i + 1)
    command = inner
  }
  return [...names.filter((name) => !name.startsWith('-')), '--help']
}

const endedBy = (reason: unknown, terminal: Terminal): number =>
  reason instanceof Stopped ? reason.exitCode : tell(reason, terminal, 'icthp', false)

/** Says what went wrong, and returns what the process should end with. */
function tell(error: unknown, terminal: Terminal, command: string, verbose: boolean): number {
  const code = exitCodeOf(error)
  terminal.problem('error', messageOf(error))
  if (code === EXIT.usage) terminal.detail(`Run \`${command} --help\` for what it takes.`)
  else if (!(error instanceof IcthpError) && !verbose)
    terminal.detail('For the place in the code that this comes from, add --verbose.')
  if (verbose) terminal.detail(stackOf(error))
  return code
}

/** The one error of the system that anything at all may meet. */
function typed(error: unknown): unknown {
  if (!isOfWorkingFolder(error)) return error
  return new InputError(
    'input_no_working_folder',
    'The working folder is not there any more: it was deleted or moved. Change into one that is there.',
    { cause: error },
  )
}

/** It may have been met by a runtime that was loading a model. */
function isOfWorkingFolder(error: unknown): boolean {
  if (!(error instanceof Error)) return false
  return (error as NodeJS.ErrnoException).syscall === 'uv_cwd' || isOfWorkingFolder(error.cause)
}

/** `icthp dataset score`. */
const pathOf = (command: Command): string =>
  `${command.parent ? `${pathOf(command.parent)} ` : ''}${command.name()}`

function createProgram(context: Context): Command {
  const { stdout, stderr } = context.io
  const program = new Command('icthp')
    .description('Scores and ranks images with the ICT and HP reward models.')
    .version(VERSION, '-V, --version', 'show the version')
    .helpOption('-h, --help', 'show this help')
    .helpCommand('help [command]', 'show the help of a command')
    .exitOverride()
    .showHelpAfterError('Run `icthp --help` for the commands.')
    .configureOutput({
      writeOut: (text) => void stdout.write(text),
      writeErr: (text) => void stderr.write(cutWords(hidePasswords(text))),
      getOutHelpWidth: () => stdout.columns || 100,
      getErrHelpWidth: () => stderr.columns || 100,
      getOutHasColors: () => false,
      getErrHasColors: () => false,
    })
    .addHelpText(
      'after',
      '\nExit codes: 0 done, 1 failed, 2 wrong usage, 3 done but some images could not be read.',
    )
  const commands = [
    addScore,
    addRank,
    addDataset,
    addServe,
    addConvert,
    addPull,
    addExport,
    addVerify,
    addInspect,
    addInfo,
  ]
  for (const add of commands) add(program, context)
  return program
}

function messageOf(error: unknown): string {
  if (error instanceof IcthpError) return `${inFlags(error.message)} (${error.code})`
  return error instanceof Error ? error.message : String(error)
}

function stackOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error)
  return `${error.stack ?? error.message}${error.cause === undefined ? '' : `\nCaused by: ${stackOf(error.cause)}`}`
}
