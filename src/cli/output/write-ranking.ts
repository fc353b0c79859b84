import { allKinds, isKind } from '../../models/kinds.ts'
import type { GroupedRanking } from '../../ranking/rank-groups.ts'
import { type RankedImage, type Ranking, scoreIn } from '../../ranking/rank-scores.ts'
import { failureJson, type RankedRows, rankingJson } from '../../ranking/results.ts'
import { modelNames, type RunLabel } from '../../ranking/run-label.ts'
import type { ImageFailure } from '../named-image.ts'
import type { Format } from '../options/common-options.ts'
import { type CsvStyle, csvWriter } from './csv-writer.ts'
import { oneLine, printable, truncateMiddle } from './display-width.ts'
import { formatTable } from './format-table.ts'
import { formatScore, runLabelLines } from './score-writers.ts'
import type { Terminal } from './terminal.ts'

/** One ranking, or one a group, with everything that is told beside it. */
export interface RankingReport {
  readonly ranking: Pick<Ranking | GroupedRanking, 'combine' | 'weights'>
  /** One without a name where there are no groups. */
  readonly groups: readonly RankedRows[]
  /** Whether {@link groups} have names. */
  readonly grouped: boolean
  readonly prompt: string | undefined
  readonly label: RunLabel
  readonly failed: readonly ImageFailure[]
  /** Whether thresholds were given, so that `passed` says something. */
  readonly thresholds: boolean
  readonly style: CsvStyle
}

export function writeRanking(format: Format, terminal: Terminal, report: RankingReport): void {
  WRITERS[format](terminal, report)
}

const WRITERS: Readonly<Record<Format, (terminal: Terminal, report: RankingReport) => void>> = {
  json(terminal, { ranking, groups, ...report }) {
    terminal.json(rankingJson(ranking, groups, report))
  },
  ndjson(terminal, { ranking: { combine }, groups, label: { models }, failed }) {
    for (const { group, results } of groups)
      for (const result of results)
        terminal.data(
          `${JSON.stringify({ ...(group === undefined ? {} : { group }), ...result, combine, models })}\n`,
        )
    for (const failure of failed) terminal.data(`${JSON.stringify(failureJson(failure))}\n`)
  },
  csv(terminal, { ranking: { combine }, groups, grouped, label, thresholds, style }) {
    const own = groups.some(({ results }) => results.some(({ prompt }) => prompt !== undefined))
    const named = [...(grouped ? ['group'] : []), ...(own ? ['prompt'] : [])]
    const kinds = allKinds()
    const names = kinds.map(({ name }) => name)
    const header = ['image', ...named, 'rank', 'score', ...names, 'passed', 'combine', 'model']
    const write = csvWriter(terminal, header, style)
    for (const { group, results } of groups) {
      for (const result of results) {
        const { image, prompt, rank, score, passed } = result
        const texts = [...(grouped ? [group] : []), ...(own ? [prompt] : [])]
        const scores = kinds.map((kind) => scoreIn(result, kind))
        const passes = thresholds ? passed : undefined
        write([image, ...texts, rank, score, ...scores, passes, combine, modelNames(label)])
      }
    }
  },
  table: writeTable,
}

function writeTable(terminal: Terminal, report: RankingReport): void {
  const { groups, label } = report
  const all = groups.flatMap(({ results }) => results)
  const columns = tableColumns(all, report)
  const [header, ...rows] = formatTable(
    [
      ...columns.map(({ header }) => ({ header, align: 'right' }) as const),
      { header: 'image', align: 'left' },
    ],
    all.map((result) => [...columns.map(({ value }) => value(result)), printable(result.image)]),
    terminal.lineWidth,
  )
  const lines = [terminal.bold(header!)]
  let at = 0
  for (const { group, results } of groups) {
    if (group !== undefined) lines.push('', truncateMiddle(oneLine(group), terminal.lineWidth))
    lines.push(...rows.slice(at, (at += results.length)))
  }
  terminal.lines([...lines, ...runLabelLines(label, terminal)])
}

interface Column {
  readonly header: string
  value(result: RankedImage): string
}

function tableColumns(
  results: readonly RankedImage[],
  { ranking: { combine }, thresholds }: RankingReport,
): readonly Column[] {
  const kinds = allKinds().filter((kind) => results.some((result) => scoreIn(result, kind) !== undefined))
  return [
    { header: 'rank', value: ({ rank }) => String(rank) },
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
}
