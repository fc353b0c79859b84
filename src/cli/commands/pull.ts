import { join, resolve } from 'node:path'
import { type Command, InvalidArgumentError } from 'commander'
import type { PlannedFile, PullPlan } from '../../hub/huggingface/pull-node.ts'
import { convertedBytes } from '../../models/converted-bytes.ts'
import { OFFICIAL_KINDS, type OfficialKind } from '../../models/kinds.ts'
import { type Dtype, DTYPES } from '../../models/manifest.ts'
import { OFFICIAL_LICENSE, OFFICIAL_MODELS, type OfficialName } from '../../models/official.ts'
import type { Context } from '../context.ts'
import { convertedAlready } from '../converted-already.ts'
import { UsageError } from '../exit-codes.ts'
import { addCommonOptions, type CommonFlags, dtypeList } from '../options/common-options.ts'
import { printable } from '../output/display-width.ts'
import { formatBytes } from '../output/format-quantity.ts'
import { formatTable } from '../output/format-table.ts'
import type { Terminal } from '../output/terminal.ts'
import { conversionJson, conversionLines, noteConversion } from './convert.ts'

interface PullFlags extends CommonFlags {
  readonly out?: string
  readonly dtype?: Dtype[]
  readonly revision?: Revisions
  readonly dryRun?: true
  readonly force?: true
  readonly json?: true
}

export function addPull(program: Command, context: Context): void {
  const command = program
    .command('pull')
    .summary('fetch the official checkpoints and convert them')
    .description(
      'Fetches 8y/ICT, 8y/HP and the config of their base model into the Hugging Face cache (what Python has fetched is ' +
        'used, broken downloads go on, every file is checked), then converts them to a model folder. ' +
        'HF_HOME, HF_ENDPOINT, HF_TOKEN and HF_HUB_OFFLINE are honoured.',
    )
    .option(
      '-o, --out <dir>',
      'where the converted model goes (default: $ICTHP_MODEL, else ~/.cache/icthp/models/official)',
    )
    .option(
      '--dtype <list>',
      `precisions to write: one or more of ${DTYPES.join(',')} (default: fp32)`,
      dtypeList,
    )
    .option(
      '--revision <list>',
      'branch, tag or commit of ICT and HP; for one repository ict=…, hp=… or base=…, with commas (default: main)',
      revisionList,
    )
    .option('--dry-run', 'show what would be fetched and where it would go, and end')
    .option('--force', 'convert again what is converted already')
    .option('--json', 'a report as one JSON document')
  addCommonOptions(command, [
    'icthp pull --dry-run',
    'icthp pull',
    'icthp pull --out models-out/ --dtype fp32,fp16',
    'icthp pull --revision ict=v1.0,hp=v1.0',
  ]).action((flags: PullFlags) => pull(flags, context))
}

/** Thrown out of `onPlan` to end a dry run. */
class PlanShown extends Error {}

async function pull(
  { out, dtype: dtypes = ['fp32'], revision: revisions, dryRun, force, json }: PullFlags,
  context: Context,
): Promise<void> {
  const { io, terminal } = context
  if (!dryRun) context.goesOn = 'what was fetched is kept; the same command goes on from there'
  const { signal, services } = io
  const onProgress = terminal.progress
  const { defaultModelFolder } = await import('../../models/default-model-node.ts')
  const place = out ?? defaultModelFolder(io.env)
  if (/^https?:/i.test(place))
    throw new UsageError(`${place} is an address, and the model is written to a folder. Add --out DIR.`)
  const folder = resolve(io.cwd, place)
  let plan: PullPlan | undefined
  const onPlan = async (made: PullPlan): Promise<void> => {
    plan = made
    if (dryRun) throw new PlanShown()
    terminal.remark([...planLines(made, folder, dtypes), ''])
    await checkOutput(made, folder, dtypes, force)
  }
  try {
    const pulled = await services.pullOfficial({ signal, onProgress, onPlan, revisions })
    const kinds: OfficialKind[] = []
    for (const kind of OFFICIAL_KINDS) {
      if (!force && (await convertedAlready(folder, kind, pulled[kind], dtypes)))
        terminal.note(
          `${kind.toUpperCase()} is converted already, from the same commit; --force converts it again`,
        )
      else kinds.push(kind)
    }
    const origin = (kind: OfficialKind) => ({
      repository: pulled[kind].repository,
      revision: pulled[kind].revision,
      license: OFFICIAL_LICENSE,
      sha256: pulled[kind].sha256,
    })
    const report =
      kinds.length === 0
        ? { out: folder, models: [] }
        : await services.convertCheckpoints({
            ...Object.fromEntries(kinds.map((kind) => [kind, pulled[kind].path])),
            base: pulled.base.path,
            out: folder,
            dtypes,
            origins: Object.fromEntries(OFFICIAL_KINDS.map((kind) => [kind, origin(kind)])),
            signal,
            onProgress,
          })
    noteConversion(terminal, report)
    if (json) terminal.json({ plan: planJson(plan, folder, dtypes), ...(conversionJson(report) as object) })
    else
      terminal.lines([
        ...(report.models.length > 0 ? conversionLines(report, terminal) : []),
        `The model is in ${printable(folder)}`,
      ])
  } catch (error) {
    if (!(error instanceof PlanShown)) throw error
    showPlan(terminal, plan!, folder, dtypes, json)
  }
}

/**
 * Looks before hours of fetching whether what is made of it will find its place free, and room. Throws `OutputError`
 * `output_not_ours`, `output_no_space`.
 */
async function checkOutput(
  plan: PullPlan,
  folder: string,
  dtypes: readonly Dtype[],
  force: true | undefined,
): Promise<void> {
  const { checkModelPlace } = await import('../../convert/write/model-place.ts')
  const { checkRoom } = await import('../../convert/write/output-error.ts')
  const { sameDisk } = await import('../../hub/files/disk-space-node.ts')
  const files: PlannedFile[] = []
  for (const kind of OFFICIAL_KINDS) {
    const own = plan.files.filter(({ repository }) => repository === OFFICIAL_MODELS[kind].repository)
    if (!own[0] || (!force && (await convertedAlready(folder, kind, own[0], dtypes)))) continue
    await checkModelPlace(join(folder, kind))
    files.push(...own)
  }
  if (files.length === 0) return
  const download = (await sameDisk(folder, plan.cacheDir)) ? plan.total - plan.present : 0
  await checkRoom(folder, convertedBytes({ files }, dtypes) + download)
}

type Revisions = Partial<Record<OfficialName, string>>

/** `v1`, or `ict=v1,hp=v2`; the base model has revisions of its own, and so goes by its name only. */
function revisionList(text: string): Revisions {
  const revisions: { -readonly [name in OfficialName]?: string } = {}
  for (const part of text.split(',')) {
    const [, name, revision] = /^(?:([^=]*)=)?(.*)$/s.exec(part.trim())!
    if (!revision) throw new InvalidArgumentError('Name a branch, a tag or a commit.')
    const known = Object.keys(OFFICIAL_MODELS) as OfficialName[]
    const named = name === undefined ? OFFICIAL_KINDS : known.filter((other) => other === name)
    if (named.length === 0)
      throw new InvalidArgumentError(`There is no ${name}: the repositories are ${known.join(', ')}.`)
    for (const each of named) revisions[each] = revision
  }
  return revisions
}

function showPlan(
  terminal: Terminal,
  plan: PullPlan,
  folder: string,
  dtypes: readonly Dtype[],
  json: true | undefined,
): void {
  if (json) terminal.json(planJson(plan, folder, dtypes))
  else terminal.lines(planLines(plan, folder, dtypes))
}

function planJson(plan: PullPlan | undefined, out: string, dtypes: readonly Dtype[]): unknown {
  if (!plan) return null
  const { cacheDir, files, total, present } = plan
  return {
    cacheDir,
    files,
    total,
    present,
    toDownload: total - present,
    out,
    dtypes,
    convertedBytes: convertedBytes(plan, dtypes),
  }
}

function presence({ present, size }: PullPlan['files'][number]): string {
  if (present === size) return 'yes'
  return present === 0 ? 'no' : formatBytes(present)
}

function planLines(plan: PullPlan, out: string, dtypes: readonly Dtype[]): string[] {
  const { cacheDir, files, total, present } = plan
  const rows = files.map((file) => [
    `${file.repository}/${file.path}`,
    formatBytes(file.size),
    presence(file),
  ])
  const columns = [
    { header: 'file', align: 'left' },
    { header: 'size', align: 'right' },
    { header: 'here', align: 'left' },
  ] as const
  return [
    ...formatTable(columns, rows),
    '',
    `download   ${formatBytes(total - present)} of ${formatBytes(total)}, into ${printable(cacheDir)}`,
    `convert    to ${dtypes.join(', ')}, about ${formatBytes(convertedBytes(plan, dtypes))}, into ${printable(out)}`,
  ]
}
