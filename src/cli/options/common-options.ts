import { Argument, type Command, InvalidArgumentError, Option } from 'commander'
import type { Device } from '../../backend/backend.ts'
import { NODE_DEVICES } from '../../backend/ort-node/ort-devices-node.ts'
import { allKinds, kindNamed, type ModelKind, type RewardKind } from '../../models/kinds.ts'
import { type Dtype, DTYPES } from '../../models/manifest.ts'
import type { Thresholds } from '../../ranking/rank-scores.ts'
import { UsageError } from '../exit-codes.ts'
import { addBackendOption, type BackendFlags } from './backend-option.ts'

export interface CommonFlags {
  readonly quiet?: true
  readonly color: boolean
  readonly verbose?: true
}

export interface ImageFlags {
  readonly recursive?: true
  readonly maxPixels?: number
  readonly sharp: boolean
}

export interface ModelFlags extends BackendFlags {
  readonly model?: string
  readonly revision?: string
  readonly device?: Device
  readonly dtype?: Dtype | 'auto'
  readonly batchSize?: number
  readonly threads?: number
}

export interface ScoringFlags extends CommonFlags, ImageFlags, ModelFlags, FormatFlags {
  readonly only?: ModelKind
  /** `minIct`, `minHp` and so on: {@link thresholdsOf} reads them. */
  readonly [threshold: `min${string}`]: number | undefined
}

export interface FormatFlags {
  readonly html?: string
  readonly sheet?: string
  readonly sheetColumns?: number
  readonly sheetSize?: number
  readonly json?: true
  readonly ndjson?: true
  readonly csv?: true
  readonly bom?: true
  readonly safe?: true
}
export type Format = 'table' | 'json' | 'ndjson' | 'csv'

/** Options of every command, its examples, and where its errors point to. */
export function addCommonOptions(command: Command, examples: readonly string[]): Command {
  const { parent } = command
  const parents = parent?.parent ? `${parent.name()} ` : ''
  return command
    .option('-q, --quiet', 'no progress bar and no notes; errors are told all the same')
    .option('--no-color', 'no colours (so does the environment variable NO_COLOR)')
    .option('--verbose', 'with an error, the place in the code that it comes from (so does ICTHP_DEBUG=1)')
    .showHelpAfterError(`Run \`icthp ${parents}${command.name()} --help\` for what it takes.`)
    .addHelpText('after', `\nExamples:\n${examples.map((example) => `  ${example}`).join('\n')}`)
}

export function addImages(
  command: Command,
  { optional = false }: { readonly optional?: boolean } = {},
): Command {
  return command
    .addArgument(
      new Argument(
        optional ? '[IMAGE...]' : '<IMAGE...>',
        'image files, globs, folders, http(s) URLs, or - for stdin',
      ),
    )
    .option('-r, --recursive', 'look for images below folders, not only in them')
    .option(
      '--max-pixels <n>',
      'refuse images of more pixels, before decoding them (default: 100 million)',
      wholeNumber(1),
    )
    .option('--no-sharp', 'decode with WebAssembly even where sharp is installed; both give the same pixels')
}

/** Which model it is, and where it runs. */
export function addPlaceOptions(command: Command): Command {
  return command
    .option(
      '-m, --model <dir>',
      'folder that `icthp convert` wrote, its URL, or a hub repository (default: $ICTHP_MODEL, else what `icthp pull` left)',
    )
    .option('--revision <name>', 'branch, tag or commit, where the model comes from a hub')
    .addOption(
      new Option('-d, --device <name>', 'where to run (default: auto, the fastest that works)').choices([
        'auto',
        ...Object.keys(NODE_DEVICES),
      ]),
    )
}

/** Which model runs, in which precision, and on what. */
export function addModelOptions(command: Command): Command {
  return addPlaceOptions(command).addOption(
    new Option(
      '--dtype <name>',
      'precision of the weights (default: auto, the fastest for the device)',
    ).choices(['auto', ...DTYPES]),
  )
}

export function addSpeedOptions(command: Command): Command {
  return command
    .option('--batch-size <n>', 'images in one run of a tower (default: 2 on a CPU, else 8)', wholeNumber(1))
    .option('--threads <n>', 'CPU threads (default: one a core)', wholeNumber(1))
}

export function addRunOptions(command: Command): Command {
  const kinds = allKinds()
  addBackendOption(addSpeedOptions(addModelOptions(command))).addOption(
    new Option('--only <scorer>', 'load and run this one alone').choices(kinds.map(({ name }) => name)),
  )
  for (const { name, label, range, threshold } of kinds) {
    const [low, high] = range
    const example = threshold === undefined ? '' : ` (published example: ${threshold})`
    command.option(
      `--min-${name} <score>`,
      `an image passes where ${label} is above this, ${low} to ${high}${example}`,
      numberFrom(low, high),
    )
  }
  return command
}

export function addFormatOptions(command: Command): Command {
  return command
    .addOption(new Option('--json', 'one JSON document').conflicts(['ndjson', 'csv']))
    .addOption(new Option('--ndjson', 'a line of JSON an image').conflicts(['json', 'csv']))
    .addOption(new Option('--csv', 'comma-separated values (RFC 4180)').conflicts(['json', 'ndjson']))
    .addOption(new Option('--bom', 'begin --csv with a byte order mark, by which Excel knows UTF-8'))
    .addOption(new Option('--safe', 'no text of --csv can run as a formula where it is opened'))
    .option('--html <file>', 'write a contact sheet, too: one page with pictures, scores and filters', once)
    .option('--sheet <file>', 'draw a contact sheet, too: one PNG picture (needs jimp)', once)
    .option('--sheet-columns <n>', 'pictures in a row of the sheet (default: 4)', wholeNumber(1))
    .option(
      '--sheet-size <pixels>',
      'the square of a picture in the sheet, 64 to 1024 (default: 224)',
      sheetSize,
    )
}

/** Throws `UsageError` for options of CSV without it. */
export function formatOf({ json, ndjson, csv, bom, safe }: FormatFlags): Format {
  if ((bom || safe) && !csv)
    throw new UsageError(`--${bom ? 'bom' : 'safe'} is for --csv, which is not given.`)
  if (json) return 'json'
  if (ndjson) return 'ndjson'
  return csv ? 'csv' : 'table'
}

/** What `--min-NAME` says, by model. */
export function thresholdsOf(flags: ScoringFlags): Thresholds {
  return Object.fromEntries(
    allKinds().flatMap(({ name }) => {
      const least = flags[`min${name[0]!.toUpperCase()}${name.slice(1)}`]
      return least === undefined ? [] : [[name, least]]
    }),
  )
}

/** Which scorers a run needs: without a prompt those that take none, unless `--only` says otherwise. */
export function kindsFor(flags: ScoringFlags, hasPrompt: boolean): readonly RewardKind[] {
  const { only } = flags
  const asked = only === undefined ? undefined : kindNamed(only)
  if (asked?.takesPrompt && !hasPrompt)
    throw new UsageError(
      `--only ${asked.name} needs a prompt: ${asked.label} says ${asked.about}. Add --prompt TEXT.`,
    )
  const kinds = asked ? [asked] : allKinds().filter(({ takesPrompt }) => hasPrompt || !takesPrompt)
  for (const name of Object.keys(thresholdsOf(flags))) {
    if (kinds.some((kind) => kind.name === name)) continue
    throw new UsageError(
      `--min-${name} needs ${kindNamed(name).label} scores: ${only ? `leave out --only ${only}` : 'add --prompt TEXT'}.`,
    )
  }
  return kinds
}

export function wholeNumber(min: number): (text: string) => number {
  return (text) => {
    const value = Number(text)
    if (!/^\d+$/.test(text) || !Number.isSafeInteger(value) || value < min)
      throw new InvalidArgumentError(`It must be a whole number from ${min}.`)
    return value
  }
}

function sheetSize(text: string): number {
  const value = wholeNumber(64)(text)
  if (value > 1024) throw new InvalidArgumentError('It must be a whole number from 64 to 1024.')
  return value
}

export function finiteNumber(text: string): number {
  const value = Number(text)
  if (text.trim() === '' || !Number.isFinite(value)) throw new InvalidArgumentError('It must be a number.')
  return value
}

/** For a threshold: one outside a score's range would pass all images or none. */
function numberFrom(min: number, max: number): (text: string) => number {
  return (text) => {
    const value = finiteNumber(text)
    if (value < min || value > max) throw new InvalidArgumentError(`It must be from ${min} to ${max}.`)
    return value
  }
}

/** `fp32,fp16`. */
export function dtypeList(text: string): Dtype[] {
  const names = [...new Set(text.split(',').map((name) => name.trim()))]
  const unknown = names.find((name) => !DTYPES.includes(name as Dtype))
  if (unknown !== undefined)
    throw new InvalidArgumentError(`There is no dtype "${unknown}". Give one or more of ${DTYPES.join(',')}.`)
  return names as Dtype[]
}

/** For an option that makes no sense twice. */
export function once(text: string, previous: string | undefined): string {
  if (previous !== undefined) throw new InvalidArgumentError('It may be given once.')
  return text
}

export function collect(text: string, previous: readonly string[] | undefined): string[] {
  return [...(previous ?? []), text]
}
