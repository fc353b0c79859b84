import { type Command, Option } from 'commander'
import { hidePasswords } from '../../base/hide-passwords.ts'
import { measuredIn } from '../../evaluation/compare-measurements.ts'
import type { VerifiedPrecision, VerifyOptions, VerifyReport } from '../../evaluation/verify-model-node.ts'
import type { ImageInput } from '../../image/inputs/image-input.ts'
import { allKinds } from '../../models/kinds.ts'
import { type Dtype, DTYPES } from '../../models/manifest.ts'
import { type Context, imageFailure, reportFailure, settle } from '../context.ts'
import { EXIT } from '../exit-codes.ts'
import { type ExpandedImages, expandImages } from '../input/expand-images.ts'
import { refuseStdinTwice } from '../input/read-stdin.ts'
import type { ImageFailure } from '../named-image.ts'
import { addBackendOption, remoteOptions } from '../options/backend-option.ts'
import {
  addCommonOptions,
  addImages,
  addPlaceOptions,
  addSpeedOptions,
  collect,
  type CommonFlags,
  dtypeList,
  type ImageFlags,
  type ModelFlags,
} from '../options/common-options.ts'
import { formatCosine, formatLoss, formatTau } from '../output/format-measured.ts'
import { count, formatBytes } from '../output/format-quantity.ts'
import { formatTable } from '../output/format-table.ts'
import type { Terminal } from '../output/terminal.ts'
import { readPrompts } from '../prompts/read-prompts.ts'

interface VerifyFlags extends CommonFlags, ImageFlags, Omit<ModelFlags, 'dtype'> {
  readonly against?: Dtype
  readonly dtype?: readonly Dtype[]
  readonly prompt?: readonly string[]
  readonly promptsFile?: string
  readonly record: boolean
  readonly json?: true
}

export function addVerify(program: Command, context: Context): void {
  const command = program
    .command('verify')
    .summary('measure what each precision loses and costs')
    .description(
      'Measures each precision of a model beside another: how far scores and embeddings are off, whether images are ordered ' +
        'alike, seconds and memory. Without images, on some that icthp draws. The results are written into the model folder, ' +
        'from where `icthp info` and scorer.info tell them.',
    )
  addImages(command, { optional: true })
  command
    .option('-p, --prompt <text>', 'what the images show; may be given several times', collect)
    .option('--prompts-file <file>', 'more prompts, one a line; - for stdin')
    .addOption(
      new Option('--against <name>', 'the precision whose answers count as right (default: fp32)').choices(
        DTYPES,
      ),
    )
    .option(
      '--dtype <list>',
      `precisions to measure, of ${DTYPES.join(',')} (default: all that are there)`,
      dtypeList,
    )
  addBackendOption(addSpeedOptions(addPlaceOptions(command)))
    .option('--no-record', 'do not write the results into the model folder')
    .option('--json', 'one JSON document')
  addCommonOptions(command, [
    'icthp verify --model models-out/',
    'icthp verify --model models-out/ renders/ --prompts-file prompts.txt --dtype int8,q8',
    'icthp verify --model models-out/ --backend http://gpu-box:8000 --dtype fp16',
  ]).action((images: string[], flags: VerifyFlags) => verify(images, flags, context))
}

async function verify(args: readonly string[], flags: VerifyFlags, context: Context): Promise<void> {
  const { io, terminal } = context
  const { services, signal, env } = io
  const { against, dtype: dtypes, revision, device, batchSize, threads, maxPixels, record } = flags
  refuseStdinTwice(args, { '--prompts-file': flags.promptsFile })
  const none: ExpandedImages = { images: [], failures: [] }
  const { images, failures } =
    args.length > 0 ? await expandImages(args, { ...io, recursive: flags.recursive }) : none
  const prompts = await readPrompts(flags.prompt ?? [], flags.promptsFile, io)
  const { source: model, notes } =
    flags.model === undefined ? await services.defaultModel(env) : { source: flags.model, notes: [] }
  for (const note of notes) terminal.note(note)
  const failed: ImageFailure[] = []
  const fail = (failure: ImageFailure): void => {
    failed.push(failure)
    reportFailure(context, failure)
  }
  failures.forEach(fail)
  const decoder = await services.decoder({ sharp: flags.sharp })
  let report: VerifyReport
  try {
    report = await services.verifyModel({
      model,
      against,
      dtypes,
      revision,
      device,
      batchSize,
      threads,
      maxPixels,
      record,
      remote: remoteOptions(flags, env),
      decoder,
      signal,
      ...(images.length > 0 ? { images: images.map(({ input }): ImageInput => input) } : {}),
      ...(prompts.length > 0 ? { prompts } : {}),
      onImageError: (error, index) => fail(imageFailure(images[index]!, error)),
      onProgress: terminal.progress,
    } satisfies VerifyOptions)
  } finally {
    await decoder.dispose()
  }
  if (flags.json)
    terminal.json({
      ...report,
      model: hidePasswords(report.model),
      ...(failed.length > 0 ? { errors: failed } : {}),
    })
  else terminal.lines(reportLines(report, terminal))
  for (const note of report.notes) terminal.note(note)
  for (const path of report.recorded) terminal.note(`written into ${path}`)
  for (const { dtype, code, message } of report.failures)
    terminal.problem('error', `${dtype}: ${message} (${code})`)
  settle(context, failed)
  if (report.failures.length > 0) context.exitCode = EXIT.failed
}

const COLUMNS = [
  { header: 'dtype', align: 'left' },
  { header: 'model', align: 'left' },
  { header: 'max |Δ|', align: 'right' },
  { header: 'mean', align: 'right' },
  { header: 'cos img', align: 'right' },
  { header: 'cos txt', align: 'right' },
  { header: 'τ', align: 'right' },
  { header: 'top-1', align: 'right' },
  { header: 's/image', align: 'right' },
  { header: 'memory', align: 'right' },
] as const

function reportLines({ against, images, prompts, precisions }: VerifyReport, terminal: Terminal): string[] {
  const [header, ...rows] = formatTable(COLUMNS, precisions.flatMap(rowsOf))
  const combine = precisions.find(({ ranking }) => ranking)?.ranking?.combine
  const sets = [
    `${count(images.count, 'image')}${images.source === 'own' ? '' : ' drawn by icthp'}`,
    ...(prompts
      ? [`${count(prompts.count, 'prompt')}${prompts.source === 'own' ? '' : ' that go with drawn ones'}`]
      : []),
  ]
  return [
    terminal.bold(header!),
    ...rows.map((row) => row.trimEnd()),
    '',
    terminal.dim(`Δ: from the scores of ${against}, on ${sets.join(' and ')}`),
    terminal.dim('cos: the lowest cosine of an embedding to that one; memory: of the process, at most'),
    ...(combine ? [terminal.dim(`τ (Kendall, mean) and top-1: of the order by ${combine} scores`)] : []),
  ]
}

/** A row a model; what belongs to both is in the first. */
function rowsOf(precision: VerifiedPrecision): string[][] {
  const { dtype, ranking, memory } = precision
  const models = allKinds().flatMap((kind) => {
    const measured = measuredIn(precision, kind)
    return measured ? [[kind.name, measured] as const] : []
  })
  return models.map(([kind, { score, imageCosine, textCosine, secondsPerImage }], i) => [
    i === 0 ? dtype : '',
    kind,
    formatLoss(score.max),
    formatLoss(score.mean),
    formatCosine(imageCosine.min),
    textCosine ? formatCosine(textCosine.min) : '',
    i === 0 && ranking ? formatTau(ranking.kendallTau.mean) : '',
    i === 0 && ranking ? `${Math.floor(ranking.top1 * 100)} %` : '',
    secondsPerImage.toPrecision(3),
    i === 0 ? formatBytes(memory.peak) : '',
  ])
}
