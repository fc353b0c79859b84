import { resolve } from 'node:path'
import type { Command } from 'commander'
import type { ConvertReport } from '../../convert/index.ts'
import { allKinds, kindNamed, OFFICIAL_KINDS, type RewardKind } from '../../models/kinds.ts'
import { type Dtype, DTYPES, heldDtypes, type ModelManifest } from '../../models/manifest.ts'
import type { Context } from '../context.ts'
import { UsageError } from '../exit-codes.ts'
import { addCommonOptions, type CommonFlags, dtypeList } from '../options/common-options.ts'
import { printable } from '../output/display-width.ts'
import { formatBytes } from '../output/format-quantity.ts'
import { formatTable } from '../output/format-table.ts'
import type { Terminal } from '../output/terminal.ts'

interface ConvertFlags extends CommonFlags {
  readonly ict?: string
  readonly hp?: string
  readonly hpHead?: string
  readonly weightsKey?: string
  readonly base?: string
  readonly out: string
  readonly dtype?: readonly Dtype[]
  readonly calibrate?: string
  readonly json?: true
}

export function addConvert(program: Command, context: Context): void {
  const command = program
    .command('convert')
    .summary('turn PyTorch or safetensors checkpoints into a model folder')
    .description(
      'Reads checkpoints in the layout of the official ones (8y/ICT, 8y/HP) and writes the ONNX model folder that the other ' +
        'commands run. What is in the folder stays as it is until the new model is whole.',
    )
    .option('--ict <dir>', 'folder (or file) of ICT: pytorch_model.bin or safetensors, whole or sharded')
    .option('--hp <dir>', 'folder of HP, with hp_backbone/ and hp_scorer/ in it, or the file of its backbone')
    .option('--hp-head <file>', "the file of HP's head, where --hp names that of its backbone")
    .option(
      '--weights-key <name>',
      'which set of weights to take where a checkpoint holds several, such as ema',
    )
    .option('--base <dir>', 'folder of the base model: its config.json, and weights that ICT lacks')
    .requiredOption('-o, --out <dir>', 'where to write: ict/ and hp/ in it are replaced')
    .option(
      '--dtype <list>',
      `precisions to write: one or more of ${DTYPES.join(',')} (default: fp32)`,
      dtypeList,
    )
    .option(
      '--calibrate <dir>',
      'folder of typical images (and prompts.txt) that int8, q8, q4 and q4f16 are fitted to',
    )
    .option('--json', 'a report as one JSON document')
  for (const { name, label } of otherKinds())
    command.option(`--${name} <dir>`, `folder (or file) of ${label}`)
  addCommonOptions(command, [
    'icthp convert --ict ICT/ --hp HP/ --base CLIP-ViT-H-14/ --out models-out/',
    'icthp convert --hp HP/ --out models-out/ --dtype fp32,fp16',
    'icthp convert --ict ICT/ --hp HP/ --out models-out/ --dtype int8 --calibrate renders/',
  ]).action((flags: ConvertFlags) => convert(flags, context))
}

/** Models that are not official; their checkpoints have an option of their name. */
const otherKinds = (): RewardKind[] =>
  allKinds().filter(({ name }) => !OFFICIAL_KINDS.some((official) => official === name))

async function convert(flags: ConvertFlags, { io, terminal }: Context): Promise<void> {
  const { ict, hp, hpHead, weightsKey, base, out, dtype, calibrate, json } = flags
  const others = otherKinds().flatMap(({ name }) => {
    const given = (flags as unknown as Record<string, string | undefined>)[name]
    return given === undefined ? [] : [[name, resolve(io.cwd, given)]]
  })
  if (ict === undefined && hp === undefined && others.length === 0)
    throw new UsageError('There is nothing to convert: give --ict DIR, --hp DIR, or both.')
  const path = (given: string | undefined): string | undefined =>
    given === undefined ? undefined : resolve(io.cwd, given)
  const report = await io.services.convertCheckpoints({
    ict: path(ict),
    hp: path(hp),
    checkpoints: Object.fromEntries(others),
    hpHead: path(hpHead),
    weightsKey,
    base: path(base),
    out: resolve(io.cwd, out),
    dtypes: dtype,
    calibrate: path(calibrate),
    signal: io.signal,
    onProgress: terminal.progress,
  })
  noteConversion(terminal, report)
  if (json) terminal.json(conversionJson(report))
  else terminal.lines(conversionLines(report, terminal))
}

/** What the user should know of the checkpoints that were read. */
export function noteConversion(terminal: Terminal, { models }: ConvertReport): void {
  for (const { kind, notes } of models)
    for (const note of notes) terminal.note(`${kindNamed(kind).label}: ${note}`)
}

export function conversionJson({ out, models }: ConvertReport): unknown {
  return {
    out,
    models: models.map(({ kind, folder, manifest, fromBase, notes }) => ({
      kind,
      name: manifest.name,
      folder,
      dtypes: heldDtypes(manifest).map((dtype) => ({ dtype, bytes: dtypeBytes(manifest, dtype) })),
      fromBase,
      notes,
    })),
  }
}

export function conversionLines({ models }: ConvertReport, terminal: Terminal): string[] {
  const rows = models.flatMap(({ kind, folder, manifest }) =>
    heldDtypes(manifest).map((dtype) =>
      [kind, manifest.name, dtype, formatBytes(dtypeBytes(manifest, dtype)), folder].map(printable),
    ),
  )
  const columns = [
    { header: 'model', align: 'left' },
    { header: 'name', align: 'left' },
    { header: 'dtype', align: 'left' },
    { header: 'size', align: 'right' },
    { header: 'folder', align: 'left' },
  ] as const
  const [header, ...lines] = formatTable(columns, rows, terminal.lineWidth)
  return [terminal.bold(header!), ...lines]
}

/** Bytes of a model's towers in one precision. */
export function dtypeBytes({ towers, files }: ModelManifest, dtype: Dtype): number {
  return Object.values(towers)
    .flatMap((tower) => [tower[dtype]!.model, ...tower[dtype]!.externalData])
    .reduce((bytes, path) => bytes + files[path]!.size, 0)
}
