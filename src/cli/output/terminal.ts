import { hidePasswords } from '../../base/hide-passwords.ts'
import type { Progress } from '../../base/progress.ts'
import type { CliIo, Output } from '../cli-io.ts'
import { cutWords, printableLines } from './display-width.ts'
import { ProgressBar } from './progress-bar.ts'

export interface TerminalOptions {
  readonly quiet?: boolean | undefined
  /** `false` for `--no-color`. */
  readonly color?: boolean | undefined
}

/** Where text goes: data to stdout, notes, errors and the progress bar to stderr, none of them across another. */
export class Terminal {
  readonly #io: CliIo
  readonly #bar: ProgressBar
  #quiet = false
  #color = true

  constructor(io: CliIo) {
    this.#io = io
    const { stderr } = io
    // A terminal that knows no escapes gets what a log gets.
    const plain: Output = isDumb(io.env) ? { write: (text) => stderr.write(text) } : stderr
    this.#bar = new ProgressBar(plain, io.now ?? (() => performance.now()))
  }

  configure({ quiet = false, color = true }: TerminalOptions): void {
    this.#quiet = quiet
    this.#color = color
  }

  /** Cells that a line of data may take: unlimited where it is not read on a terminal. */
  get lineWidth(): number {
    return this.#io.stdout.isTTY ? this.#io.stdout.columns || 80 : Infinity
  }

  /** Whole lines of data. */
  data(text: string): void {
    const { stdout } = this.#io
    if (stdout.isTTY) this.#bar.above(() => stdout.write(text))
    else stdout.write(text)
  }

  json(value: unknown): void {
    this.data(`${JSON.stringify(value, null, 2)}\n`)
  }

  lines(lines: readonly string[]): void {
    if (lines.length > 0) this.data(`${lines.join('\n')}\n`)
  }

  /** Worth knowing, but not data. */
  note(text: string): void {
    if (!this.#quiet) this.#err(`${this.dim('note:', this.#io.stderr.isTTY)} ${printableLines(text)}\n`)
  }

  /** Lines for whoever watches, without a label. */
  remark(lines: readonly string[]): void {
    if (!this.#quiet) for (const line of lines) this.#err(`${line}\n`)
  }

  /** Something that was left out or went wrong; shown even with `--quiet`. */
  problem(kind: 'warning' | 'error', text: string): void {
    this.#err(
      `${this.#style(kind === 'error' ? '31' : '33', `${kind}:`, this.#io.stderr.isTTY)} ${printableLines(text)}\n`,
    )
  }

  /** More on a problem, line by line. */
  detail(text: string): void {
    this.#err(`${text}\n`)
  }

  readonly progress = (progress: Progress): void => {
    if (!this.#quiet && !this.#io.signal.aborted) this.#bar.update(progress)
  }

  /** Takes the bar off the screen. */
  clear(): void {
    this.#bar.clear()
  }

  bold(text: string): string {
    return this.#style('1', text, this.#io.stdout.isTTY)
  }

  dim(text: string, onTerminal: boolean | undefined = this.#io.stdout.isTTY): string {
    return this.#style('2', text, onTerminal)
  }

  #style(code: string, text: string, onTerminal: boolean | undefined): string {
    return this.#color && wantsColour(this.#io.env, onTerminal) ? `\x1b[${code}m${text}\x1b[0m` : text
  }

  #err(text: string): void {
    this.#bar.above(() => this.#io.stderr.write(cutWords(hidePasswords(text))))
  }
}

const isDumb = (env: CliIo['env']): boolean => env['TERM'] === 'dumb'

/** `FORCE_COLOR` goes before `NO_COLOR`, as in Node itself; `0` and `false` turn colours off. */
function wantsColour(env: CliIo['env'], onTerminal: boolean | undefined): boolean {
  const forced = env['FORCE_COLOR']
  if (forced !== undefined) return forced !== '0' && forced !== 'false'
  return Boolean(onTerminal) && !env['NO_COLOR'] && !isDumb(env)
}
