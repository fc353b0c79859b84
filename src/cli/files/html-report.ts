import { VERSION } from '../../base/version.ts'
import type { ReportImage, ReportPrompt } from '../../report/report.ts'
import { REPORT_MARK } from '../../report/report-mark.ts'
import type { ScorerInfo } from '../../scorers/scorer-options.ts'
import type { TextScorer } from '../../scorers/text-scorer.ts'
import type { Context } from '../context.ts'
import { formatBytes } from '../output/format-quantity.ts'
import type { PictureOutput, ReportedRun } from '../scoring/reported-run.ts'
import type { RunScorers } from '../scoring/with-scorers.ts'
import { openOutputFile, type OutputFile, writeOutputFile } from './output-file.ts'
import type { Thumbnail, Thumbnails } from './thumbnails.ts'

/** `--html`: writes the report at the end of a run. */
export class HtmlReport implements PictureOutput {
  private constructor(
    private readonly place: OutputFile,
    private readonly thumbnails: Thumbnails,
  ) {}

  /** Checks the place before minutes of work. Throws `UsageError`. */
  static async open(name: string, cwd: string, thumbnails: Thumbnails): Promise<HtmlReport> {
    return new HtmlReport(
      await openOutputFile('--html', name, ['.html', '.htm'], REPORT_MARK, cwd),
      thumbnails,
    )
  }

  async write(
    { io, terminal }: Context,
    { scorers, reader }: RunScorers,
    { prompts, images, ...run }: ReportedRun,
  ): Promise<void> {
    const { renderReport } = await import('../../report/render-report.ts')
    const infos = scorers.map(({ info }) => info)
    const page = renderReport({
      ...run,
      prompts: reader ? prompts.map((prompt) => readPart(reader, prompt)) : [],
      images: images.map(({ image, ...scores }) => ({
        name: image.name,
        ...thumbnailOf(this.thumbnails.get(image.input)),
        ...scores,
      })),
      facts: [
        ...factsOf(infos),
        ['icthp', VERSION],
        ['Node', process.versions.node],
        ['made', madeAt(new Date())],
      ],
      // That a device is missing says nothing of the scores.
      notes: [...new Set(infos.flatMap(({ notes }) => notes))].filter(
        (note) => !note.includes('not available'),
      ),
      version: VERSION,
    })
    io.signal.throwIfAborted()
    await writeOutputFile(this.place, page)
    terminal.note(`${this.place.name} is written (${formatBytes(Buffer.byteLength(page))})`)
  }
}

function thumbnailOf(
  kept: Thumbnail | undefined,
): Pick<ReportImage, 'thumbnail' | 'width' | 'height'> | undefined {
  if (!kept) return undefined
  const { jpeg, width, height } = kept
  return { thumbnail: `data:image/jpeg;base64,${jpeg.toString('base64')}`, width, height }
}

function readPart({ tokenizer }: TextScorer, prompt: string): ReportPrompt {
  const { count, truncated, cut, cleaned } = tokenizer.inspect(prompt)
  const text = truncated ? cleaned.slice(0, cleaned.length - cut.length) : prompt
  return { text, cut: truncated ? cut : '', tokens: count, limit: tokenizer.contextLength }
}

/** What ran, once where both scorers agree. No folders: they name the user's machine, and reports are passed on. */
function factsOf(infos: readonly ScorerInfo[]): [string, string][] {
  const both = (name: string, tell: (info: ScorerInfo) => string): [string, string][] => {
    const told = infos.map(tell)
    return new Set(told).size === 1
      ? [[name, told[0]!]]
      : infos.map(({ kind }, i) => [`${kind.toUpperCase()} ${name}`, told[i]!])
  }
  return [
    ...infos.map((info): [string, string] => [info.kind.toUpperCase(), modelOf(info)]),
    ...both('precision', ({ dtype, measured }) =>
      measured && measured.against !== dtype
        ? `${dtype}, scores within ${measured.score.max.toPrecision(2)} of ${measured.against}`
        : dtype,
    ),
    ...both('device', ({ device }) => device),
    ...both('runtime', ({ backend }) => backend),
    ...both('decoder', ({ decoder }) => decoder),
  ]
}

function modelOf({ model, revision, origin }: ScorerInfo): string {
  const commit = revision ?? origin.revision
  return commit === undefined ? model : `${model} at ${commit.slice(0, 12)}`
}

const madeAt = (date: Date): string => `${date.toISOString().slice(0, 16).replace('T', ' ')} UTC`
