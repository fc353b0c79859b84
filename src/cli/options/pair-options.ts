import { type Command, InvalidArgumentError, Option } from 'commander'
import { type Role, ROLES } from '../../pairs/pair-columns.ts'
import type { PromptSourceFlags } from '../prompts/image-prompts.ts'
import { once, wholeNumber } from './common-options.ts'

/** Known here, so that `--help` need not load them; a test holds them to those that there are. */
export const LAYOUT_NAMES = [
  'geneval',
  'dpg-bench',
  'hpsv2',
  't2i-compbench',
  'imagefolder',
  'diffusiondb',
  'hpd',
  'img2dataset',
] as const

/** Where images, and prompts of their own, come from. */
export interface SourceFlags extends PromptSourceFlags {
  readonly list?: string
  readonly pairs?: string
  readonly columns?: Partial<Readonly<Record<Role, string>>>
  readonly layout?: (typeof LAYOUT_NAMES)[number] | 'none'
  readonly resolution?: number
}

/** Options that name images, or images with prompts; `prompts`: the options that give all images the same. */
export function addSourceOptions(command: Command, prompts: readonly string[]): Command {
  const conflicts = [...prompts, 'promptFrom']
  return command
    .option('--list <file>', 'more images: a file with one a line, or - for stdin', once)
    .addOption(
      new Option(
        '--pairs <file>',
        'images with a prompt each: a CSV, TSV, JSONL or Parquet table, or - for stdin',
      )
        .argParser(once)
        .conflicts([...conflicts, 'list', 'layout']),
    )
    .option(
      '--columns <names>',
      'what the columns of --pairs are called: image=NAME,prompt=NAME,group=NAME',
      parseColumns,
    )
    .addOption(
      new Option(
        '--layout <name>',
        'how the folder is laid out that holds images and prompts (default: as it is recognised; none: not at all)',
      )
        .choices([...LAYOUT_NAMES, 'none'])
        .conflicts(conflicts),
    )
    .option(
      '--resolution <pixels>',
      'the side of one picture, where a file of --layout dpg-bench holds four',
      wholeNumber(1),
    )
}

function parseColumns(text: string): SourceFlags['columns'] {
  const columns: Partial<Record<Role, string>> = {}
  for (const part of text.split(',')) {
    const [, role, name] = /^\s*(\w+)=(.+)$/s.exec(part) ?? []
    if (!ROLES.includes(role as Role) || columns[role as Role] !== undefined)
      throw new InvalidArgumentError('Give image=NAME,prompt=NAME,group=NAME, or some of them.')
    columns[role as Role] = name!
  }
  return columns
}
