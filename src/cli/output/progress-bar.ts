import type { Progress } from '../../base/progress.ts'
import type { Output } from '../cli-io.ts'
import { displayWidth, printable, truncateMiddle } from './display-width.ts'
import { count, formatBytes, formatDuration } from './format-quantity.ts'

const REDRAW_MS = 100
/** Where nobody watches, a line now and then shows in a log that the run is alive. */
const LOG_MS = 30_000
/** The rate is that of the last half minute: downloads change speed. */
const WINDOW_MS = 30_000
const BAR_CELLS = 20
const NARROW_BAR_CELLS = 10

const VERB: Readonly<Record<Progress['stage'], string>> = {
  download: 'downloading',
  read: 'reading',
  write: 'writing',
  verify: 'checking',
  load: 'loading',
  encode: 'scoring',
  calibrate: 'calibrating',
  measure: 'measuring',
  wait: 'waiting for',
}

/** One line on a terminal that is drawn over and over; elsewhere a plain line every half minute. */
export class ProgressBar {
  #samples: { readonly at: number; readonly loaded: number }[] = []
  #key = ''
  #line = ''
  #written = -Infinity
  #shown = false

  constructor(
    private readonly output: Output,
    private readonly now: () => number,
  ) {}

  update(progress: Progress): void {
    const at = this.now()
    this.#sample(progress, at)
    this.#line = this.#text(progress)
    if (!this.output.isTTY) {
      if (this.#written === -Infinity) this.#written = at
      if (at - this.#written < LOG_MS) return
      this.#written = at
      this.output.write(`${this.#line}\n`)
      return
    }
    if (at - this.#written < REDRAW_MS && progress.loaded !== progress.total) return
    this.#written = at
    this.#draw()
  }

  /** Takes the bar off the screen. It comes back with the next update. */
  clear(): void {
    if (!this.#shown) return
    this.#shown = false
    this.output.write('\r\x1b[2K')
  }

  /** Lets other text be written where the bar is: above it. */
  above(write: () => void): void {
    const shown = this.#shown
    this.clear()
    write()
    if (shown) this.#draw()
  }

  #draw(): void {
    this.#shown = true
    // A line that fills the last cell would wrap, and could not be taken back.
    this.output.write(`\r\x1b[2K${truncateMiddle(this.#line, (this.output.columns || 80) - 1)}`)
  }

  #sample({ stage, unit, total, loaded, estimated }: Progress, at: number): void {
    const key = `${stage} ${unit} ${estimated ? '' : total}`
    if (key !== this.#key || loaded < (this.#samples.at(-1)?.loaded ?? 0)) this.#samples = []
    this.#key = key
    this.#samples.push({ at, loaded })
    while (this.#samples.length > 2 && at - this.#samples[1]!.at > WINDOW_MS) this.#samples.shift()
  }

  #text({ stage, item, loaded, total, unit }: Progress): string {
    const what = stage === 'encode' ? VERB[stage] : `${VERB[stage]} ${printable(item)}`
    if (total !== undefined && total <= 1) return what
    const columns = this.output.isTTY ? this.output.columns || 80 : Infinity
    const cells = columns < 80 ? NARROW_BAR_CELLS : BAR_CELLS
    const parts = [
      total === undefined ? amount(loaded, unit) : `${bar(loaded / total, cells)} ${of(loaded, total, unit)}`,
    ]
    const first = this.#samples[0]!
    const seconds = (this.#samples.at(-1)!.at - first.at) / 1000
    if (seconds >= 1 && loaded > first.loaded) {
      const rate = (loaded - first.loaded) / seconds
      parts.push(unit === 'bytes' ? `${formatBytes(rate)}/s` : `${rate.toFixed(rate < 10 ? 1 : 0)}/s`)
      if (total !== undefined && loaded < total) parts.push(`${formatDuration((total - loaded) / rate)} left`)
    }
    const numbers = parts.join('  ')
    return `${truncateMiddle(what, Math.max(columns - 3 - displayWidth(numbers), 10))}  ${numbers}`
  }
}

function bar(part: number, cells: number): string {
  const full = Math.max(0, Math.min(cells, Math.round(part * cells)))
  return '█'.repeat(full) + '░'.repeat(cells - full)
}

function amount(loaded: number, unit: Progress['unit']): string {
  return unit === 'bytes' ? formatBytes(loaded) : count(loaded, unit.slice(0, -1))
}

function of(loaded: number, total: number, unit: Progress['unit']): string {
  return unit === 'bytes'
    ? `${formatBytes(loaded)} of ${formatBytes(total)}`
    : `${loaded} of ${amount(total, unit)}`
}
