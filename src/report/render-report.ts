import { allKinds, isKind, kindNamed, type RewardKind } from '../models/kinds.ts'
import { Html, html } from './html.ts'
import { type Report, type ReportImage, type ReportPrompt, valuesIn } from './report.ts'
import { REPORT_MARK } from './report-mark.ts'
import { REPORT_SCRIPT } from './report-script.ts'
import { REPORT_STYLE } from './report-style.ts'

/** One score of every card: where it is sorted by, filtered by and drawn. */
interface Column {
  /** `score`, or the model's name. */
  readonly key: string
  readonly label: string
  /** Absent for the combined score. */
  readonly kind?: RewardKind
}

/**
 * A report as one HTML page that needs no other file and no network: a contact sheet with bars, to sort, filter and
 * print. Its content security policy lets it load nothing but its own `data:` pictures.
 */
export function renderReport(report: Report): string {
  const { images, failed, notes, facts, version } = report
  const columns = columnsOf(report)
  const title = `${report.ranking ? 'Ranking' : 'Scores'} of ${pictures(report.scored)}`
  const List = new Html(report.ranking ? 'ol' : 'ul')
  return html`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; img-src data:; style-src 'unsafe-inline'; script-src 'unsafe-inline'">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
${new Html(REPORT_MARK)}${version}">
<title>${title}</title>
<link rel="icon" href="data:,">
<style>${new Html(REPORT_STYLE)}</style>
</head>
<body>
<header>
<h1>${title}</h1>
<p class="rule">${ruleOf(report)}</p>
${report.prompts.length > 0 && html`<ol class="prompts" aria-label="Prompts">${report.prompts.map((prompt, i) => renderPrompt(prompt, report.prompts.length > 1 && `ICT ${i + 1}`))}</ol>`}
<dl class="facts">${facts.map(([name, value]) => html`<div><dt>${name}</dt><dd><bdi>${value}</bdi></dd></div>`)}</dl>
${notes.length > 0 && html`<ul class="notes" aria-label="Notes">${notes.map((note) => html`<li>${note}</li>`)}</ul>`}
</header>
<main>
${renderTools(report, columns)}
<${List} class="sheet" id="sheet" aria-label="Pictures">
${images.map((image, i) => html`${renderGroup(image, images[i - 1])}${renderCard(image, report, columns)}`)}</${List}>
<p class="none" id="none" hidden>No picture matches.</p>
${
  failed.length > 0 &&
  html`<h2>Not read (${failed.length})</h2>
<ul class="failed">${failed.map(({ image, code, message }) => html`<li><bdi>${image}</bdi>: ${message} <span class="dim">(${code})</span></li>`)}</ul>`
}
</main>
<footer>Each picture is shown as the models see it: its middle square, at their resolution. Bars of ICT and HP run from 0 to 1${scaleOf(report)}.</footer>
<script type="module">${new Html(REPORT_SCRIPT)}</script>
</body>
</html>
`.text
}

function columnsOf({ ranking, images }: Report): readonly Column[] {
  const combined = ranking && !isKind(ranking.combine) && images.some(({ score }) => score !== undefined)
  return [
    // A rule that is one of the scores needs no bar of its own.
    ...(combined ? [{ key: 'score', label: ranking.combine }] : []),
    ...kindsOf(images).map((kind) => ({ key: kind.name, label: kind.label, kind })),
  ]
}

/** The models that take a prompt. */
const promptLabel = (images: readonly ReportImage[]): string =>
  kindsOf(images)
    .filter(({ takesPrompt }) => takesPrompt)
    .map(({ label }) => label)
    .join(', ') || 'Prompt'

const kindsOf = (images: readonly ReportImage[]): RewardKind[] =>
  allKinds().filter((kind) => images.some((image) => valuesIn(image, kind).length > 0))

function ruleOf({ ranking, scored, images, thresholds = {} }: Report): string {
  const limits = allKinds().filter(({ name }) => thresholds[name] !== undefined)
  return [
    ranking ? `Best first${withinGroups(images)}, by ${ruleName(ranking)}.` : 'In the order given.',
    ...(images.length < scored ? [shownOf(images)] : []),
    ...(limits.length > 0
      ? [`To pass: ${limits.map(({ name, label }) => `${label} above ${thresholds[name]}`).join(', ')}.`]
      : []),
  ].join(' ')
}

const shownOf = (images: readonly ReportImage[]): string =>
  images.some(({ group }) => group !== undefined)
    ? 'Shown: the best of each.'
    : `Shown: the best ${images.length}.`

function withinGroups(images: readonly ReportImage[]): string {
  const groups = new Set(images.flatMap(({ group }) => group ?? [])).size
  return groups === 0 ? '' : ` within ${groups} group${groups === 1 ? '' : 's'}`
}

function ruleName({ combine, weights }: NonNullable<Report['ranking']>): string {
  const shares = Object.entries(weights ?? {}).map(([name, weight]) => `${weight}·${kindNamed(name).label}`)
  const names: Readonly<Record<string, string>> = {
    weighted: weights ? `weighted: ${shares.join(' + ')}` : 'weighted',
    product: 'product: ICT·HP',
    softmax: 'softmax: ICT times the softmax of the HP logits of these pictures',
    custom: 'a rule of its own',
  }
  return isKind(combine) ? kindNamed(combine).label : names[combine]!
}

function renderPrompt({ text, cut, tokens, limit }: ReportPrompt, label: string | false): Html {
  return html`<li>${label && html`<b class="dim">${label}</b> `}<q dir="auto">${text}${cut !== '' && html`<del>${cut}</del>`}</q>${
    cut !== '' &&
    html`<small>Cut: it has ${tokens} tokens, and the model reads ${limit}. What is crossed out was not read.</small>`
  }</li>`
}

function renderTools(
  { prompts, ranking, thresholds = {}, images }: Report,
  columns: readonly Column[],
): Html {
  const directions = (column: Column): Html[] =>
    ['down', 'up'].map(
      (way) =>
        html`<option value="${column.key} ${way}">${column.label}, ${way === 'down' ? 'highest' : 'lowest'} first</option>`,
    )
  const filtered = images.length > 1 ? columns : []
  return html`<form class="tools" id="tools" autocomplete="off" aria-label="Sort and filter" hidden>
<label>Sort by <select name="sort"><option value="order">${ranking ? 'rank' : 'the order given'}</option>${columns.map(directions)}<option value="name">name</option></select></label>
${prompts.length > 1 && columns.some(({ kind }) => kind?.takesPrompt) && html`<label>${promptLabel(images)} of <select name="prompt">${prompts.map(({ text }, i) => html`<option value="${i}">${i + 1}: ${shorten(text)}</option>`)}</select></label>`}
<label>Name <input type="search" name="name" placeholder="contains"></label>
${filtered.map(({ key, label }) => html`<label>${label} from <input type="range" name="min-${key}" min="0" max="100" value="0"><output>any</output></label>`)}
${Object.values(thresholds).some((limit) => limit !== undefined) && html`<label><input type="checkbox" name="passed"> passed only</label>`}
<button type="reset">Reset</button>
<p id="status" role="status"></p>
</form>`
}

/** A heading above the first image of each group. */
const renderGroup = ({ group }: ReportImage, before: ReportImage | undefined): Html | undefined =>
  group === undefined || group === before?.group
    ? undefined
    : html`<li class="group"><h2 dir="auto">${group}</h2></li>
`

function renderCard(image: ReportImage, report: Report, columns: readonly Column[]): Html {
  const { name, thumbnail, width, height, rank, passed, prompt } = image
  return html`<li class="card" data-name="${name}" data-score="${image.score}"${allKinds().map((kind) => html` data-${kind.name}="${dataOf(image, kind)}"`)}${passed !== undefined && html` data-passed="${String(passed)}"`}>
<div class="picture">${isPicture(thumbnail) && html`<img src="${thumbnail}" alt="" decoding="async">`}${rank !== undefined && html`<span class="rank" aria-label="Rank ${rank}">${rank}</span>`}</div>
<div class="body"><h2 class="name"><bdi>${renderName(name)}</bdi></h2>${prompt !== undefined && html`<p class="own" title="${prompt}"><q dir="auto">${prompt}</q></p>`}
<p class="size">${width !== undefined && `${width} × ${height}`}${passed !== undefined && html` <strong class="${passed ? 'passed' : 'missed'}">${passed ? '✓ passed' : '✗ not passed'}</strong>`}</p>
<dl class="scores">${columns.map((column) => renderScores(image, column, report))}</dl></div>
</li>
`
}

const dataOf = (image: ReportImage, kind: RewardKind): string => {
  const values = valuesIn(image, kind)
  if (values.length === 0) return ''
  return kind.takesPrompt ? JSON.stringify(values) : String(values[0])
}

/** The folders dimmed, and a line may end after each. */
function renderName(name: string): Html {
  const parts = name.split(/(?<=[\\/])(?=[^\\/])/)
  const own = /[\\/]$/.test(name) ? '' : parts.pop()!
  return html`${parts.map((folder) => html`<span class="dim">${folder}</span><wbr>`)}${own}`
}

function renderScores(image: ReportImage, { key, label, kind }: Column, report: Report): Html {
  const values = kind ? valuesIn(image, kind) : [image.score]
  const least = kind && report.thresholds?.[kind.name]
  return html`${values.map((value, i) => {
    if (value === undefined) return undefined
    const part = percent(value / (kind ? 1 : scale(report)))
    const style = `--part:${part}${least === undefined ? '' : `;--least:${percent(least)}`}`
    return html`<dt class="of-${key}">${label}${values.length > 1 && ` ${i + 1}`}</dt><dd title="${value}">${value.toFixed(4)}</dd><dd class="bar of-${key}" style="${style}" aria-hidden="true"></dd>`
  })}`
}

/** What a full bar of the combined score stands for: 1 where the rule stays below that, else the best. */
function scale({ ranking, images }: Report): number {
  const best = images.reduce((most, { score = 0 }) => Math.max(most, score), 0)
  return best > 0 && (ranking?.combine === 'softmax' || best > 1) ? best : 1
}

function scaleOf(report: Report): string {
  if (!columnsOf(report).some(({ kind }) => !kind)) return ''
  return scale(report) === 1
    ? ', as do those of the combined score'
    : `, those of the combined score from 0 to the best, ${scale(report).toFixed(4)}`
}

const percent = (part: number): string => `${(100 * Math.min(1, Math.max(0, part))).toFixed(2)}%`

const pictures = (count: number): string => `${count} picture${count === 1 ? '' : 's'}`

const shorten = (text: string): string => (text.length > 60 ? `${text.slice(0, 59)}…` : text)

const isPicture = (thumbnail: string | undefined): thumbnail is string =>
  thumbnail?.startsWith('data:image/') ?? false
