import type { Report, ReportImage } from '../../report/report.ts'
import type { Context } from '../context.ts'
import type { NamedImage } from '../named-image.ts'
import type { RunScorers } from './with-scorers.ts'

/** What only the command knows; the rest is the same for every report. */
export interface ReportedRun extends Pick<Report, 'ranking' | 'scored' | 'thresholds' | 'failed'> {
  readonly prompts: readonly string[]
  readonly images: readonly (Omit<ReportImage, 'name' | 'thumbnail' | 'width' | 'height'> & {
    readonly image: NamedImage
  })[]
}

/** A file with pictures that a run writes at its end. */
export interface PictureOutput {
  write(context: Context, scorers: RunScorers, run: ReportedRun): Promise<void>
}
