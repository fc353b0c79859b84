import type { Command } from 'commander'
import type { Context } from '../../context.ts'
import { addMerge } from './merge.ts'
import { addEnqueue, addWorker } from './queue.ts'
import { addDatasetScore } from './score.ts'
import { addStatus } from './status.ts'

export function addDataset(program: Command, context: Context): void {
  const dataset = program
    .command('dataset')
    .summary('score datasets, on one machine or many')
    .description(
      'Scores folders, WebDataset tars, Parquet and JSONL into parts: one row an image, whatever is killed. What is done is not done ' +
        'again, and any number of processes may share an output.',
    )
  addDatasetScore(dataset, context)
  addStatus(dataset, context)
  addMerge(dataset, context)
  addEnqueue(dataset, context)
  addWorker(dataset, context)
}
