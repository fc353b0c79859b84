import type { Format } from '../common-options.ts'
import type { ImageFailure } from '../expand-images.ts'
import { modelNames, type RunLabel } from '../load-scorers.ts'
import { displayWidth, printable } from './display-width.ts'
import { csvRow } from './format-csv.ts'
import { Table } from './format-table.ts'
import type { Terminal } from './terminal.ts'

/** Scores of one image. */
export interface ScoreRow {
  readonly image: string
  /** Its own, where each image has one. */
  readonly prompt?: string
  /** One a prompt. */
  readonly ict?: readonly number[]
  readonly hp?: number
  /** Where a threshold was given: whether every score is above its own. */
  readonly passed?: boolean
}

export interface ScoreHead extends RunLabel {
  readonly prompts: readonly string[]
  /** Each row has a prompt of its own, and `prompts` is empty. */
  readonly ownPrompts?: boolean
  /** Which of the fields the rows have. */
  readonly columns: { readonly ict: boolean; readonly hp: boolean; readonly passed: boolean }
}

/** Writes results in one format, as they come. */
export interface ScoreWriter {
  row(row: ScoreRow): void
  failed(failure: ImageFailure): void
  end(): void
}

export function scoreWriter(format: Format, terminal: Terminal, head: ScoreHead): ScoreWriter {
  return { json, ndjson, csv, table }[format](terminal, head)
}

function json(
  terminal: Terminal,
  { prompts, ownPrompts, model, device, dtype, models }: ScoreHead,
): ScoreWriter {
  const results: ScoreRow[] = []
  const errors: ImageFailure[] = []
  return {
    row: (row) => results.push(row),
    failed: (failure) => errors.push(failure),
    end: () =>
      terminal.json({
        results,
        ...(ownPrompts ? {} : { prompts }),
        model,
        device,
        dtype,
        models,
        ...(errors.length > 0 ? { errors } : {}),
      }),
  }
}

function ndjson(terminal: Terminal, { models }: ScoreHead): ScoreWriter {
  const line = (value: unknown): void => terminal.data(`${JSON.stringify(value)}\n`)
  return {
    row: (row) => line({ ...row, models }),
    failed: ({ image, code, message }) => line({ image, error: { code, message } }),
    end: () => {},
  }
}

function csv(terminal: Terminal, { prompts, ownPrompts, columns, ...label }: ScoreHead): ScoreWriter {
  const one = ownPrompts || prompts.length === 1
  const ict = !columns.ict ? [] : one ? ['ict'] : columnNames(prompts)
  const own = ownPrompts ? ['prompt'] : []
  terminal.data(csvRow(['image', ...own, ...ict, ...(columns.hp ? ['hp'] : []), 'passed', 'model']))
  return {
    row: (row) =>
      terminal.data(
        csvRow([
          row.image,
          ...(ownPrompts ? [row.prompt] : []),
          ...(row.ict ?? []),
          ...(columns.hp ? [row.hp] : []),
          // Always there, so that a script finds the same columns; empty where no threshold asked for it.
          row.passed,
          modelNames(label),
        ]),
      ),
    failed: () => {},
    end: () => {},
  }
}

/** `ict: PROMPT`; equal prompts are told apart by a number. */
function columnNames(prompts: readonly string[]): string[] {
  const names = new Set<string>()
  const times = new Map<string, number>()
  for (const prompt of prompts) {
    let n = (times.get(prompt) ?? 0) + 1
    let name = n === 1 ? `ict: ${prompt}` : `ict: ${prompt} (${n})`
    while (names.has(name)) name = `ict: ${prompt} (${++n})`
    times.set(prompt, n)
    names.add(name)
  }
  return [...names]
}

function table(terminal: Terminal, { prompts, ownPrompts, columns, ...label }: ScoreHead): ScoreWriter {
  const names = !columns.ict
    ? []
    : ownPrompts || prompts.length === 1
      ? ['ict']
      : prompts.map((_, i) => `ict ${i + 1}`)
  if (names.length > 1)
    terminal.lines([...prompts.map((prompt, i) => `${names[i]!}  ${printable(prompt)}`), ''])
  const lines = new Table(
    [
      ...names.map((header) => ({ header, align: 'right', width: displayWidth('-0.1234') }) as const),
      ...(columns.hp ? [{ header: 'hp', align: 'right', width: displayWidth('0.1234') } as const] : []),
      ...(columns.passed ? [{ header: 'passed', align: 'left' } as const] : []),
      { header: 'image', align: 'left' },
    ],
    terminal.lineWidth,
  )
  terminal.lines([terminal.bold(lines.header())])
  return {
    row: ({ image, ict = [], hp, passed }) =>
      terminal.lines([
        lines.row([
          ...ict.map(formatScore),
          ...(hp === undefined ? [] : [formatScore(hp)]),
          ...(passed === undefined ? [] : [passed ? 'yes' : 'no']),
          printable(image),
        ]),
      ]),
    failed: () => {},
    end: () => terminal.lines(labelLines(label, terminal)),
  }
}

/** What ran, below a table. */
export function labelLines(label: RunLabel, terminal: Terminal): string[] {
  return ['', terminal.dim(printable(`${modelNames(label)}, ${label.dtype} on ${label.device}`))]
}

/** Four decimals tell images apart; the machine-readable formats have them all. */
export function formatScore(score: number): string {
  return score.toFixed(4)
}
