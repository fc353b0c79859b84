import type { ImageDecoder } from '../../image/decoder.ts'
import type { FormatFlags } from '../options/common-options.ts'
import type { PictureOutput } from '../scoring/reported-run.ts'
import { HtmlReport } from './html-report.ts'
import { SheetFile } from './sheet-file.ts'
import { Thumbnails } from './thumbnails.ts'

export interface PictureOutputs extends PictureOutput {
  readonly watch: (decoder: ImageDecoder) => ImageDecoder
}

/** What `--html` and `--sheet` ask for; `undefined` where neither is given. Throws `UsageError` and `InputError`. */
export async function openPictureOutputs(
  flags: FormatFlags,
  cwd: string,
): Promise<PictureOutputs | undefined> {
  const thumbnails = new Thumbnails()
  const outputs = [
    flags.html === undefined ? undefined : await HtmlReport.open(flags.html, cwd, thumbnails),
    await SheetFile.open(flags, cwd, thumbnails),
  ].filter((output) => output !== undefined)
  if (outputs.length === 0) return undefined
  return {
    watch: thumbnails.watch,
    write: async (...args) => {
      for (const output of outputs) await output.write(...args)
    },
  }
}
