import { type Command } from 'commander'
import type { Context } from '../../context.ts'
import { addCommonOptions, once } from '../../options/common-options.ts'
import { count } from '../../output/format-quantity.ts'
import { type OutFlags } from './dataset-options.ts'
import { tellingWaits } from './dataset-settings.ts'

export function addMerge(dataset: Command, context: Context): void {
  const command = dataset
    .command('merge')
    .summary('write all rows into one file, where none is missing or twice')
    .requiredOption('-o, --out <dir>', 'where the parts are', once)
    .requiredOption('--to <file>', 'a .parquet or .ndjson file that is not there yet', once)
    .option('--partial', 'merge what is there, though shards are missing')
    .option('--recount', 'count the images in the sources anew, which reads them all')
  addCommonOptions(command, ['icthp dataset merge --out scores/ --to scores.parquet']).action(
    async ({ out, to, partial, recount }: OutFlags & { to: string; partial?: true; recount?: true }) => {
      const { mergeDataset } = await import('../../../dataset/index.ts')
      const { io, terminal } = context
      const options = { out, to, partial, recount, cwd: io.cwd, signal: io.signal }
      const { rows } = await tellingWaits(context, () => mergeDataset(options))
      terminal.lines([`${count(rows, 'row')} in ${to}`])
    },
  )
}
