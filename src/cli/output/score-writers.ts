import type { RewardKind } from '../../models/kinds.ts'
import { failureJson, scoreJson, type ScoreRow, scoresJson } from '../../ranking/results.ts'
import { modelNames, type RunLabel } from '../../ranking/run-label.ts'
import type { ImageFailure } from '../named-image.ts'
import type { Format } from '../options/common-options.ts'
import { type CsvStyle, csvWriter } from './csv-writer.ts'
import { displayWidth, printable } from './display-width.ts'
import { Table } from './format-table.ts'
import type { Terminal } from './terminal.ts'

export interface ScoreHead extends RunLabel {
  readonly prompts: readonly string[]
  /** Each row has a prompt of its own, and `prompts` is empty. */
  readonly ownPrompts?: boolean
  /** The models whose scores the rows have. */
  readonly kinds: readonly RewardKind[]
  /** Whether rows say that they pass. */
  readonly passed: boolean
}

/** Writes results in one format, as they come. */
export interface ScoreWriter {
  row(row: ScoreRow): void
  failed(failure: ImageFailure): void
  end(): void
}

export function scoreWriter(
  format: Format,
  terminal: Terminal,
  head: ScoreHead,
  style: CsvStyle = {},
): ScoreWriter {
  return { json, ndjson, csv, table }[format](terminal, head, style)
}

function json(terminal: Terminal, head: ScoreHead): ScoreWriter {
  const { prompts, ownPrompts } = head
  const rows: ScoreRow[] = []
  const failed: ImageFailure[] = []
  return {
    row: (row) => rows.push(row),
    failed: (failure) => failed.push(failure),
    end: () =>
      terminal.json(scoresJson(rows, { label: head, prompts: ownPrompts ? undefined : prompts, failed })),
  }
}

function ndjson(terminal: Terminal, { models }: ScoreHead): ScoreWriter {
  const line = (value: unknown): void => terminal.data(`${JSON.stringify(value)}\n`)
  return {
    row: (row) => line({ ...scoreJson(row), models }),
    failed: (failure) => line(failureJson(failure)),
    end: () => {},
  }
}

function csv(terminal: Terminal, head: ScoreHead, style: CsvStyle): ScoreWriter {
  const { ownPrompts, kinds } = head
  const own = ownPrompts ? ['prompt'] : []
  const columns = kinds.flatMap((kind) => columnNames(kind, head, (name, prompt) => `${name}: ${prompt}`))
  const write = csvWriter(terminal, ['image', ...own, ...unlike(columns), 'passed', 'model'], style)
  return {
    row: ({ image, prompt, scores, passed }) =>
      write([
        image,
        ...(ownPrompts ? [prompt] : []),
        ...kinds.flatMap(({ name }) => scores[name]),
        // Always there, so that a script finds the same columns; empty where no threshold asked for it.
        passed,
        modelNames(head),
      ]),
    failed: () => {},
    end: () => {},
  }
}

/** A model's columns: one, or one for each of several prompts. */
function columnNames(
  { name, takesPrompt }: RewardKind,
  { prompts, ownPrompts }: ScoreHead,
  many: (name: string, prompt: string, i: number) => string,
): string[] {
  if (!takesPrompt || ownPrompts || prompts.length === 1) return [name]
  return prompts.map((prompt, i) => many(name, prompt, i))
}

/** Equal names are told apart by a number. */
function unlike(names: readonly string[]): string[] {
  const told = new Set<string>()
  const times = new Map<string, number>()
  for (const name of names) {
    let n = (times.get(name) ?? 0) + 1
    let unique = n === 1 ? name : `${name} (${n})`
    while (told.has(unique)) unique = `${name} (${++n})`
    times.set(name, n)
    told.add(unique)
  }
  return [...told]
}

function table(terminal: Terminal, head: ScoreHead): ScoreWriter {
  const { kinds, prompts, ownPrompts, passed } = head
  const columns = kinds.map((kind) => ({
    kind,
    names: columnNames(kind, head, (name, _, i) => `${name} ${i + 1}`),
  }))
  const named = columns.find(({ kind }) => kind.takesPrompt)
  if (named && !ownPrompts && prompts.length > 1)
    terminal.lines([...prompts.map((prompt, i) => `${named.names[i]!}  ${printable(prompt)}`), ''])
  const lines = new Table(
    [
      ...columns.flatMap(({ kind, names }) =>
        names.map((header) => ({ header, align: 'right', width: widthOf(kind) }) as const),
      ),
      ...(passed ? [{ header: 'passed', align: 'left' } as const] : []),
      { header: 'image', align: 'left' },
    ],
    terminal.lineWidth,
  )
  terminal.lines([terminal.bold(lines.header())])
  return {
    row: ({ image, scores, passed }) =>
      terminal.lines([
        lines.row([
          ...kinds.flatMap(({ name }) => scores[name] ?? []).map(formatScore),
          ...(passed === undefined ? [] : [passed ? 'yes' : 'no']),
          printable(image),
        ]),
      ]),
    failed: () => {},
    end: () => terminal.lines(runLabelLines(head, terminal)),
  }
}

const widthOf = ({ range }: RewardKind): number =>
  Math.max(...range.map((end) => displayWidth(formatScore(end))))

/** What ran, below a table. */
export function runLabelLines(label: RunLabel, terminal: Terminal): string[] {
  return ['', terminal.dim(printable(`${modelNames(label)}, ${label.dtype} on ${label.device}`))]
}

/** Four decimals tell images apart; the machine-readable formats have them all. */
export function formatScore(score: number): string {
  return score.toFixed(4)
}
