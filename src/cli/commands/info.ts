import type { Command } from 'commander'
import { allKinds } from '../../models/kinds.ts'
import type { Context } from '../context.ts'
import { gatherInfo, type Info, type Missing, type ModelInfo } from '../gather-info.ts'
import {
  addCommonOptions,
  addModelOptions,
  type CommonFlags,
  type ModelFlags,
} from '../options/common-options.ts'
import { oneLine, printable } from '../output/display-width.ts'
import { formatCosine, formatLoss, formatSeconds, formatTau } from '../output/format-measured.ts'
import { formatBytes } from '../output/format-quantity.ts'
import { formatTable } from '../output/format-table.ts'
import type { Terminal } from '../output/terminal.ts'

interface InfoFlags extends CommonFlags, ModelFlags {
  readonly json?: true
}

export function addInfo(program: Command, context: Context): void {
  const command = program
    .command('info')
    .summary('show versions, devices and the model in use')
    .description(
      'Shows what there is: versions, each device (really tried, with the reason where it cannot be used), and the model ' +
        'that the other commands would run.',
    )
  addModelOptions(command).option('--json', 'one JSON document')
  addCommonOptions(command, ['icthp info', 'icthp info --model models-out/ --json']).action(
    (flags: InfoFlags) => info(flags, context),
  )
}

async function info(flags: InfoFlags, { io, terminal }: Context): Promise<void> {
  const all = await gatherInfo(io, flags)
  if (flags.json) terminal.json(all)
  else terminal.lines(infoLines(all, terminal))
}

function infoLines({ versions, devices, model }: Info, terminal: Terminal): string[] {
  const installed = (version: string | null): string => version ?? 'not installed'
  const [header, ...rows] = formatTable(
    [
      { header: 'device', align: 'left' },
      { header: 'there', align: 'left' },
      { header: 'why not', align: 'left' },
    ],
    devices.map(({ device, available, reason, needs }) => [
      device,
      available ? 'yes' : 'no',
      available ? '' : oneLine(`${reason}; needs ${needs}`),
    ]),
  )
  return [
    `icthp        ${versions.icthp}`,
    `node         ${versions.node} (${versions.platform})`,
    `onnxruntime  ${installed(versions.onnxruntime)}`,
    `sharp        ${installed(versions.sharp)}`,
    '',
    terminal.bold(header!),
    ...rows.map((row) => row.trimEnd()),
    '',
    `${terminal.bold('model')}  ${printable(model.source)}`,
    ...modelLines(model),
    // What is not available is told above.
    ...(model.device && modelsIn(model).some(([, found]) => !('error' in found))
      ? [
          `  runs on ${model.device}`,
          ...model.notes
            .filter((note) => !note.includes('not available'))
            .map((note) => `    ${oneLine(note)}`),
        ]
      : []),
  ]
}

const modelsIn = (model: Info['model']): [string, ModelInfo | Missing][] =>
  allKinds().map(({ name }) => [name, (model as unknown as Record<string, ModelInfo | Missing>)[name]!])

function modelLines(model: Info['model']): string[] {
  const models = modelsIn(model)
  const [first] = models
  // Where there is nothing at all, once is enough.
  const messages = new Set(models.map(([, found]) => ('error' in found ? found.error.message : found)))
  if (first && 'error' in first[1] && messages.size === 1) return [`  ${modelLine(first[1])}`]
  return models.flatMap(([name, found]) => [
    `  ${name.padEnd(3)}  ${modelLine(found)}`,
    ...measuredLine(found),
  ])
}

function modelLine(model: ModelInfo | Missing): string {
  if ('error' in model) return `${oneLine(model.error.message)} (${model.error.code})`
  const { name, dtype, dtypes, bytes, origin, library } = model
  const others = dtypes.filter((held) => held !== dtype)
  const from = [origin.repository ?? 'a local checkpoint', origin.revision?.slice(0, 12)]
    .filter(Boolean)
    .join(' at ')
  const also = others.length > 0 ? ` (also there: ${others.join(', ')})` : ''
  return printable(
    `${name}, ${dtype}, ${formatBytes(bytes)}${also}, converted by icthp ${library} from ${from}`,
  )
}

/** What its precision loses, where `icthp verify` has measured it. */
function measuredLine(model: ModelInfo | Missing): string[] {
  if ('error' in model || !model.measured) return []
  const { against, images, score, imageCosine, textCosine, ranking, secondsPerImage, device } = model.measured
  const parts = [
    `scores off by ${formatLoss(score.max)} at most, ${formatLoss(score.mean)} on average`,
    `cosine of images ${formatCosine(imageCosine.min)}${textCosine ? `, of texts ${formatCosine(textCosine.min)}` : ''} or more`,
    ...(ranking ? [`τ ${formatTau(ranking.kendallTau.mean)}`] : []),
    `${formatSeconds(secondsPerImage)} an image on ${device}`,
  ]
  return [
    `       measured on ${images.count} ${images.source} images against ${against}: ${parts.join('; ')}`,
  ]
}
