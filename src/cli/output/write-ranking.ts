import { allKinds, isKind } from '../../models/kinds.ts'
import { type RankedImage, type Ranking, scoreIn } from '../../ranking/rank-scores.ts'
import type { Format } from '../common-options.ts'
import type { ImageFailure } from '../expand-images.ts'
import { modelNames, type RunLabel } from '../load-scorers.ts'
import { printable } from './display-width.ts'
import { csvRow } from './format-csv.ts'
import { formatTable } from './format-table.ts'
import { formatScore, labelLines } from './score-writers.ts'
import type { Terminal } from './terminal.ts'

/** A ranking with everything that is told beside it. */
export interface RankingReport {
  readonly ranking: Ranking
  readonly results: readonly (RankedImage & { readonly image: string; readonly prompt?: string })[]
  readonly prompt: string | undefined
  readonly label: RunLabel
  readonly failed: readonly ImageFailure[]
  /** Whether thresholds were given, so that `passed` says something. */
  readonly thresholds: boolean
}

export function writeRanking(format: Format, terminal: Terminal, report: RankingReport): void {
  WRITERS[format](terminal, report)
}

const WRITERS: Readonly<Record<Format, (terminal: Terminal, report: RankingReport) => void>> = {
  json(
    terminal,
    { ranking: { combine, weights }, results, prompt, label: { model, device, dtype, models }, failed },
  ) {
    terminal.json({
      combine,
      ...(weights ? { weights } : {}),
      results,
      ...(prompt === undefined ? {} : { prompt }),
      model,
      device,
      dtype,
      models,
      ...(failed.length > 0 ? { errors: failed } : {}),
    })
  },
  ndjson(terminal, { ranking: { combine }, results, label: { models }, failed }) {
    for (const result of results) terminal.data(`${JSON.stringify({ ...result, combine, models })}\n`)
    for (const { image, code, message } of failed)
      terminal.data(`${JSON.stringify({ image, error: { code, message } })}\n`)
  },
  csv(terminal, { ranking: { combine }, results, label, thresholds }) {
    const own = results.some(({ prompt }) => prompt !== undefined)
    const prompted = (prompt: string | undefined): (string | undefined)[] => (own ? [prompt] : [])
    const kinds = allKinds()
    const names = kinds.map(({ name }) => name)
    terminal.data(
      csvRow(['image', ...prompted('prompt'), 'rank', 'score', ...names, 'passed', 'combine', 'model']),
    )
    for (const result of results) {
      const { image, prompt, rank, score, passed } = result
      const scores = kinds.map((kind) => scoreIn(result, kind))
      const passes = thresholds ? passed : undefined
      terminal.data(
        csvRow([image, ...prompted(prompt), rank, score, ...scores, passes, combine, modelNames(label)]),
      )
    }
  },
  table(terminal, { ranking: { combine }, results, label, thresholds }) {
    const kinds = allKinds().filter((kind) => results.some((result) => scoreIn(result, kind) !== undefined))
    const columns = [
      { header: 'rank', value: ({ rank }: RankedImage) => String(rank) },
      // One score alone is its own combination: no need to show it twice.
      ...(kinds.length > 1 && !isKind(combine)
        ? [{ header: combine, value: ({ score }: RankedImage) => formatScore(score) }]
        : []),
      ...kinds.map((kind) => ({
        header: kind.name,
        value: (result: RankedImage) => formatScore(scoreIn(result, kind)!),
      })),
      ...(thresholds
        ? [{ header: 'passed', value: ({ passed }: RankedImage) => (passed ? 'yes' : 'no') }]
        : []),
    ]
    const [header, ...rows] = formatTable(
      [
        ...columns.map(({ header }) => ({ header, align: 'right' }) as const),
        { header: 'image', align: 'left' },
      ],
      results.map((result) => [...columns.map(({ value }) => value(result)), printable(result.image)]),
      terminal.lineWidth,
    )
    terminal.lines([terminal.bold(header!), ...rows, ...labelLines(label, terminal)])
  },
}
