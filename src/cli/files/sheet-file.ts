import { allKinds } from '../../models/kinds.ts'
import { valuesIn } from '../../report/report.ts'
import { loadJimp } from '../../report/sheet/load-jimp.ts'
import { SHEET_MARK } from '../../report/sheet/sheet-mark.ts'
import type { Context } from '../context.ts'
import { UsageError } from '../exit-codes.ts'
import type { FormatFlags } from '../options/common-options.ts'
import { formatBytes } from '../output/format-quantity.ts'
import type { PictureOutput, ReportedRun } from '../scoring/reported-run.ts'
import type { RunScorers } from '../scoring/with-scorers.ts'
import { openOutputFile, type OutputFile, writeOutputFile } from './output-file.ts'
import type { Thumbnails } from './thumbnails.ts'

/** `--sheet`: draws the pictures of a run into one. */
export class SheetFile implements PictureOutput {
  private constructor(
    private readonly place: OutputFile,
    private readonly flags: FormatFlags,
    private readonly thumbnails: Thumbnails,
  ) {}

  /** Checks the place, and that jimp is there, before minutes of work. Throws `UsageError`, `InputError`. */
  static async open(flags: FormatFlags, cwd: string, thumbnails: Thumbnails): Promise<SheetFile | undefined> {
    const { sheet, sheetColumns, sheetSize } = flags
    if (sheet === undefined) {
      if (sheetColumns === undefined && sheetSize === undefined) return undefined
      throw new UsageError('--sheet-columns and --sheet-size are for --sheet FILE, which is not given.')
    }
    const place = await openOutputFile('--sheet', sheet, ['.png'], SHEET_MARK, cwd)
    await loadJimp()
    return new SheetFile(place, flags, thumbnails)
  }

  async write({ io, terminal }: Context, _: RunScorers, { images }: ReportedRun): Promise<void> {
    const shown = images.flatMap(({ image, rank, score, group, ...rest }) => {
      const kept = this.thumbnails.get(image.input)
      const scores = {
        ...(score === undefined ? {} : { score }),
        ...Object.fromEntries(allKinds().map((kind) => [kind.label, listed(valuesIn(rest, kind))])),
      }
      return kept ? [{ image: kept.jpeg, name: image.name, group, rank, scores }] : []
    })
    if (shown.length === 0)
      return terminal.note(`${this.place.name} is not written: there is no picture to show`)
    const { renderSheet } = await import('../../report/sheet/render-sheet.ts')
    const { sheetColumns: columns, sheetSize: size } = this.flags
    const file = await renderSheet(shown, { columns, size })
    io.signal.throwIfAborted()
    await writeOutputFile(this.place, file)
    terminal.note(`${this.place.name} is written (${formatBytes(file.byteLength)})`)
  }
}

const listed = (values: readonly number[]): number | readonly number[] | undefined =>
  values.length > 1 ? values : values[0]
