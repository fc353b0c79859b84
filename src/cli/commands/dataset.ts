import { resolve } from 'node:path'
import { Argument, type Command, InvalidArgumentError, Option } from 'commander'
import type { DatasetStatus } from '../../dataset/check/dataset-status.ts'
import {
  EMBEDDING_TYPES,
  type EmbeddingType,
  PART_FORMATS,
  type PartFormat,
  PROMPT_PLACES,
  type PromptPlace,
} from '../../dataset/plan/settings.ts'
import type { ShardOutcome } from '../../dataset/run/dataset-run.ts'
import type { DatasetSummary } from '../../dataset/run/score-dataset.ts'
import type { FoundInput } from '../../dataset/sources/find-inputs.ts'
import type { ColumnNames, Shard } from '../../dataset/sources/shard.ts'
import { allKinds, kindNamed, type ModelKind } from '../../models/kinds.ts'
import {
  addCommonOptions,
  addModelOptions,
  addSpeedOptions,
  type CommonFlags,
  finiteNumber,
  type ImageFlags,
  kindsFor,
  type ModelFlags,
  once,
  wholeNumber,
} from '../common-options.ts'
import type { Context } from '../context.ts'
import { EXIT, UsageError } from '../exit-codes.ts'
import { withScorers } from '../load-scorers.ts'
import { count } from '../output/format-quantity.ts'

interface OutFlags extends CommonFlags {
  readonly out: string
  readonly json?: true
}

interface PlanFlags extends OutFlags {
  readonly only?: ModelKind
  readonly prompt?: string
  readonly promptFrom?: PromptPlace
  readonly plain?: true
  readonly columns?: ColumnNames
  readonly format?: PartFormat
  readonly embeddings?: EmbeddingType
  readonly shardSize?: number
  readonly retryFailed?: true
}

interface RunFlags extends OutFlags, ModelFlags, ImageFlags {
  readonly cache?: string
  readonly jobs?: number
}

interface QueueFlags {
  readonly redis?: string
  readonly queue?: string
}

export function addDataset(program: Command, context: Context): void {
  const dataset = program
    .command('dataset')
    .summary('score datasets, on one machine or many')
    .description(
      'Scores folders, WebDataset tars, Parquet and JSONL into parts: one row an image, whatever is killed. What is done is not done ' +
        'again, and any number of processes may share an output.',
    )
  addDatasetScore(dataset, context)
  addStatus(dataset, context)
  addMerge(dataset, context)
  addEnqueue(dataset, context)
  addWorker(dataset, context)
}

function addDatasetScore(dataset: Command, context: Context): void {
  const command = dataset.command('score').summary('score a dataset, or go on with it')
  addSources(command)
  addRun(command)
  command
    .option(
      '--shard <task>',
      'only a share of the shards: INDEX/COUNT from 0, auto (of an array job), auto/COUNT',
      once,
    )
    .option(
      '--lease <seconds>',
      'silence after which another process takes a shard over (default: 60)',
      seconds,
    )
  addCommonOptions(command, [
    'icthp dataset score renders/ --prompt-from metadata --out scores/',
    'icthp dataset score "s3://bucket/laion/{00000..00999}.tar" --out s3://bucket/scores --embeddings float16',
    'icthp dataset score pickapic.parquet --out scores/ --only hp --shard auto',
  ]).action((sources: string[], flags: PlanFlags & RunFlags & { shard?: string; lease?: number }) =>
    scoreAll(sources, flags, context),
  )
}

function addSources(command: Command): Command {
  return command
    .addArgument(
      new Argument(
        '<SOURCE...>',
        'folders, .tar, .parquet, .jsonl, images; paths, http(s):// and s3:// addresses',
      ),
    )
    .requiredOption('-o, --out <dir>', 'folder or s3://bucket/prefix for the parts', once)
    .option('-p, --prompt <text>', 'one prompt for all images', once)
    .addOption(
      new Option(
        '--prompt-from <place>',
        "each image's own: of its row (the default for tables and tars), its metadata or its name",
      )
        .choices(PROMPT_PLACES)
        .conflicts(['prompt']),
    )
    .option('--plain', 'score prompts without weights, LoRA tags, BREAK and scheduling')
    .addOption(
      new Option('--only <scorer>', 'load and run this one alone').choices(
        allKinds().map(({ name }) => name),
      ),
    )
    .option('--columns <names>', 'columns of tables: image=path,prompt=caption,key=id', columnNames)
    .addOption(new Option('--format <name>', 'of the parts (default: parquet)').choices(PART_FORMATS))
    .addOption(
      new Option('--embeddings <type>', 'keep image embeddings in the parts').choices(EMBEDDING_TYPES),
    )
    .option('--shard-size <n>', 'loose images or lines of JSONL in a shard (default: 1000)', wholeNumber(1))
    .option('--retry-failed', 'make rows of images that failed anew, and no others')
    .option('--json', 'one JSON document')
}

function addRun(command: Command): Command {
  return addSpeedOptions(addModelOptions(command))
    .option('--max-pixels <n>', 'refuse images of more pixels, before decoding them', wholeNumber(1))
    .option('--no-sharp', 'decode with WebAssembly even where sharp is installed; both give the same pixels')
    .option(
      '--cache <dir>',
      'keep what the vision towers answer; an image that was seen costs none again',
      once,
    )
    .option('--jobs <n>', 'shards that are worked at together (default: 2)', wholeNumber(1))
}

const addQueue = (command: Command): Command =>
  command
    .option('--redis <url>', 'redis://[:password@]host[:port] (default: $REDIS_URL)', once)
    .option('--queue <name>', "name of the queue (default: one of the output's own)", once)

async function scoreAll(
  sources: readonly string[],
  flags: PlanFlags & RunFlags & { readonly shard?: string; readonly lease?: number },
  context: Context,
): Promise<void> {
  const { io, terminal } = context
  const { parseShare, scoreDataset } = await import('../../dataset/index.ts')
  const share = flags.shard === undefined ? undefined : parseShare(flags.shard, io.env)
  const { inputs, settings, kinds } = await settingsOf(sources, flags, context)
  await withScorers(context, kinds.map(kindNamed), flags, {}, async ({ scorers }) => {
    const summary = await scoreDataset(inputs, {
      ...settings,
      ...runOptions(flags, context),
      scorers,
      share,
      retryFailed: flags.retryFailed,
      lease: flags.lease === undefined ? undefined : flags.lease * 1000,
    })
    terminal.clear()
    if (flags.json) terminal.json(summary)
    else terminal.lines(tellSummary(summary, flags.out))
    if (summary.problems.length > 0 || summary.failedRows > 0) context.exitCode = EXIT.incomplete
  })
}

const runOptions = ({ out, cache, jobs }: RunFlags, { io, terminal }: Context) => ({
  out,
  cwd: io.cwd,
  cache: cache === undefined ? undefined : resolve(io.cwd, cache),
  jobs,
  signal: io.signal,
  onProgress: terminal.progress,
  onShard: (shard: Shard, outcome: ShardOutcome): void => {
    if (outcome.state === 'failed')
      terminal.problem('warning', `${outcome.problem.message} (${outcome.problem.code}; ${shard.id})`)
  },
})

/** What the sources are, and what is asked of them. */
async function settingsOf(sources: readonly string[], flags: PlanFlags, { io, terminal }: Context) {
  const { findInputs } = await import('../../dataset/index.ts')
  const inputs: readonly FoundInput[] = await findInputs(sources, { cwd: io.cwd, signal: io.signal })
  const { prompt, plain, columns, format, embeddings, shardSize, only } = flags
  const isTable = inputs.some(({ kind }) => kind !== 'files')
  const asksPrompt = only === undefined || kindNamed(only).takesPrompt
  const found = flags.promptFrom ?? (isTable && prompt === undefined ? 'row' : undefined)
  const promptFrom = asksPrompt ? found : undefined
  const kinds = kindsFor(
    { only } as Parameters<typeof kindsFor>[0],
    prompt !== undefined || promptFrom !== undefined,
  )
  if (kinds.length === 1 && only === undefined) terminal.note('no prompt, so HP alone is scored')
  const settings = {
    prompt: asksPrompt ? prompt : undefined,
    promptFrom,
    plain,
    columns,
    format,
    embeddings,
    shardSize,
  }
  return { inputs, settings, kinds: kinds.map(({ name }) => name) }
}

function tellSummary({ shards, scored, rows, failedRows, problems }: DatasetSummary, out: string): string[] {
  const done = shards - problems.length
  return [
    `${done} of ${count(shards, 'shard')} done in ${out}`,
    `${scored} by this run: ${count(rows, 'image')}${failedRows > 0 ? `, ${failedRows} of them failed` : ''}`,
  ]
}

function addStatus(dataset: Command, context: Context): void {
  const command = dataset
    .command('status')
    .summary('what is done, and whether a shard or a row is missing or twice')
    .requiredOption('-o, --out <dir>', 'where the parts are', once)
    .option('--recount', 'count the images in the sources anew, which reads them all')
    .option('--json', 'one JSON document')
  addQueue(command)
  addCommonOptions(command, [
    'icthp dataset status --out scores/',
    'icthp dataset status --out s3://bucket/scores --redis redis://host --json',
  ]).action(async (flags: OutFlags & QueueFlags & { recount?: true }) => {
    const { datasetStatus, queueCounts } = await import('../../dataset/index.ts')
    const { io, terminal } = context
    const options = { out: flags.out, cwd: io.cwd, signal: io.signal }
    const status = await datasetStatus({ ...options, recount: flags.recount })
    const redis = flags.redis ?? (flags.queue === undefined ? undefined : redisOf(flags, context))
    const queue =
      redis === undefined ? undefined : await queueCounts({ ...options, redis, queue: flags.queue })
    if (flags.json) terminal.json(queue ? { ...status, queue } : status)
    else {
      terminal.lines(await tellStatus(status))
      if (queue) {
        const { waiting, active, delayed, failed } = queue
        terminal.lines([
          `queue ${queue.queue}: ${waiting} waiting, ${active} at work, ${delayed} to be tried again, ${failed} failed`,
        ])
      }
    }
    if (!status.complete) context.exitCode = EXIT.incomplete
  })
}

/** Problems that are named on a terminal; `--json` has all. */
const NAMED = 20

async function tellStatus({ shards, rows, problems, complete }: DatasetStatus): Promise<string[]> {
  const { describe } = await import('../../dataset/check/merge-dataset.ts')
  const held = shards.held > 0 ? `, ${shards.held} at work` : ''
  const failed = rows.failed > 0 ? `, ${rows.failed} of images that failed` : ''
  const told = problems.slice(0, NAMED).map((problem) => {
    const why = problem.why ? `: ${problem.why.message} (${problem.why.code})` : ''
    return `  ${describe(problem)}${why}`
  })
  return [
    `${shards.done} of ${count(shards.total, 'shard')} done${held}`,
    `${count(rows.done, 'row')}${failed}`,
    complete ? 'no shard and no row is missing or twice' : `${count(problems.length, 'problem')}:`,
    ...told,
    ...(problems.length > NAMED ? [`  … and ${problems.length - NAMED} more (--json)`] : []),
  ]
}

function addMerge(dataset: Command, context: Context): void {
  const command = dataset
    .command('merge')
    .summary('write all rows into one file, where none is missing or twice')
    .requiredOption('-o, --out <dir>', 'where the parts are', once)
    .requiredOption('--to <file>', 'a .parquet or .ndjson file that is not there yet', once)
    .option('--partial', 'merge what is there, though shards are missing')
    .option('--recount', 'count the images in the sources anew, which reads them all')
  addCommonOptions(command, ['icthp dataset merge --out scores/ --to scores.parquet']).action(
    async ({ out, to, partial, recount }: OutFlags & { to: string; partial?: true; recount?: true }) => {
      const { mergeDataset } = await import('../../dataset/index.ts')
      const { io, terminal } = context
      const { rows } = await mergeDataset({ out, to, partial, recount, cwd: io.cwd, signal: io.signal })
      terminal.lines([`${count(rows, 'row')} in ${to}`])
    },
  )
}

function addEnqueue(dataset: Command, context: Context): void {
  const command = dataset.command('enqueue').summary('put the shards of a dataset into a queue of BullMQ')
  addSources(command)
  addQueue(command)
  addCommonOptions(command, [
    'icthp dataset enqueue s3://bucket/laion/ --out s3://bucket/scores --redis redis://host',
  ]).action(async (sources: string[], flags: PlanFlags & QueueFlags) => {
    const { enqueueDataset } = await import('../../dataset/index.ts')
    const { io, terminal } = context
    const redis = redisOf(flags, context)
    const { inputs, settings, kinds } = await settingsOf(sources, flags, context)
    const { retryFailed, queue, out } = flags
    const options = { ...settings, kinds, retryFailed, queue, redis, out, cwd: io.cwd, signal: io.signal }
    const done = await enqueueDataset(inputs, options)
    if (flags.json) terminal.json(done)
    else terminal.lines([`${done.enqueued} of ${count(done.shards, 'shard')} in the queue ${done.queue}`])
  })
}

function addWorker(dataset: Command, context: Context): void {
  const command = dataset
    .command('worker')
    .summary('score shards from a queue of BullMQ')
    .requiredOption('-o, --out <dir>', 'the output that was enqueued', once)
  addRun(addQueue(command))
    .option(
      '--lock <seconds>',
      'silence after which another worker takes a shard over (default: 60)',
      seconds,
    )
    .option('--until-done', 'end where no shard is left, instead of waiting for more')
  addCommonOptions(command, ['icthp dataset worker --out s3://bucket/scores --redis redis://host']).action(
    (flags: RunFlags & QueueFlags & { lock?: number; untilDone?: true }) => work(flags, context),
  )
}

async function work(
  flags: RunFlags & QueueFlags & { readonly lock?: number; readonly untilDone?: true },
  context: Context,
): Promise<void> {
  const { datasetWorker, plannedKinds } = await import('../../dataset/index.ts')
  const redis = redisOf(flags, context)
  const { lock, untilDone, queue, out } = flags
  const kinds = await plannedKinds({ out, cwd: context.io.cwd })
  await withScorers(context, kinds.map(kindNamed), flags, {}, async ({ scorers }) => {
    const options = { ...runOptions(flags, context), scorers, redis, queue, untilDone }
    const { rows } = await datasetWorker({ ...options, lock: lock === undefined ? undefined : lock * 1000 })
    context.terminal.clear()
    context.terminal.lines([`${count(rows, 'image')} scored by this worker`])
  })
}

function redisOf({ redis }: QueueFlags, { io }: Context): string {
  const url = redis ?? io.env['REDIS_URL']
  if (url) return url
  throw new UsageError('The queue is on Redis: give --redis redis://host, or set REDIS_URL.')
}

/** `image=a,image=b,prompt=c`. */
function columnNames(text: string): ColumnNames {
  const image: string[] = []
  const others: { prompt?: string; key?: string } = {}
  for (const pair of text.split(',')) {
    const equals = pair.indexOf('=')
    const [use, name] = [pair.slice(0, equals).trim(), pair.slice(equals + 1).trim()]
    if (use === 'image' && name !== '') image.push(name)
    else if ((use === 'prompt' || use === 'key') && name !== '') others[use] = name
    else
      throw new InvalidArgumentError(
        'It is image=NAME,prompt=NAME,key=NAME; image may be given several times.',
      )
  }
  return image.length > 0 ? { image, ...others } : others
}

function seconds(text: string): number {
  const value = finiteNumber(text)
  if (value < 1) throw new InvalidArgumentError('It must be from 1.')
  return value
}
