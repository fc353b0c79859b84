import { type Command, Option } from 'commander'
import type { ExportReport } from '../../convert/export/export-report.ts'
import { EXPORT_TARGETS, type ExportTarget } from '../../convert/export/export-targets.ts'
import { type Dtype, DTYPES } from '../../models/manifest.ts'
import type { Context } from '../context.ts'
import { addCommonOptions, type CommonFlags } from '../options/common-options.ts'
import { count, formatBytes } from '../output/format-quantity.ts'

interface ExportFlags extends CommonFlags {
  readonly model?: string
  readonly revision?: string
  readonly to: ExportTarget
  readonly out: string
  readonly dtype?: Dtype | 'auto'
  readonly json?: true
}

export function addExport(program: Command, context: Context): void {
  const command = program
    .command('export')
    .summary('write a model as the repository of another server')
    .description(
      'Writes the towers of a model as the model repository of Triton or of OpenVINO Model Server, ready to start. Files are ' +
        'linked where the disk allows it; nothing is overwritten. `--backend` of score and rank then runs the towers there.',
    )
    .option(
      '-m, --model <dir>',
      'folder that `icthp convert` wrote, its URL, or a hub repository (default: $ICTHP_MODEL, else what `icthp pull` left)',
    )
    .option('--revision <name>', 'branch, tag or commit, where the model comes from a hub')
    .addOption(
      new Option('--to <server>', 'which server it is for').choices(EXPORT_TARGETS).makeOptionMandatory(),
    )
    .requiredOption('-o, --out <dir>', 'the repository; it may hold other models')
    .addOption(
      new Option(
        '--dtype <name>',
        'precision of the weights (default: auto, fp32 where it is there)',
      ).choices(['auto', ...DTYPES]),
    )
    .option('--json', 'a report as one JSON document')
  addCommonOptions(command, [
    'icthp export --model models-out/ --to triton --out repository/ --dtype fp16',
    'icthp export --model models-out/ --to ovms --out repository/',
  ]).action((flags: ExportFlags) => exportModel(flags, context))
}

async function exportModel(flags: ExportFlags, { io, terminal }: Context): Promise<void> {
  const { services, signal, env } = io
  const { revision, to, out, dtype } = flags
  const { source: model, notes } =
    flags.model === undefined ? await services.defaultModel(env) : { source: flags.model, notes: [] }
  for (const note of notes) terminal.note(note)
  const report = await services.exportRepository({
    model,
    revision,
    to,
    out,
    dtype,
    hub: await services.hub(),
    signal,
    onProgress: terminal.progress,
  })
  if (flags.json) terminal.json(report)
  else terminal.lines(linesOf(report))
}

/** How each server is started with it. */
const STARTS: Readonly<Record<ExportTarget, (out: string) => string>> = {
  triton: (out) => `tritonserver --model-repository ${out}`,
  ovms: (out) =>
    `docker run -v ${out}:/models:ro -p 9000:9000 -p 8000:8000 openvino/model_server --config_path /models/config.json ` +
    '--port 9000 --rest_port 8000',
}

function linesOf({ to, out, towers }: ExportReport): string[] {
  return [
    ...towers.map(({ name, dtype, files }) => {
      const linked = files.filter((file) => file.linked).length
      const bytes = files.reduce((sum, file) => sum + file.bytes, 0)
      return `${name} (${dtype}): ${count(files.length, 'file')}, ${formatBytes(bytes)}, ${linked} linked`
    }),
    '',
    `Start it: ${STARTS[to](out)}`,
  ]
}
