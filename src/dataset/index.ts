/** All that the door and the command line take of this room. */
export {
  type DatasetProblem,
  type DatasetStatus,
  datasetStatus,
  type DatasetStatusOptions,
} from './check/dataset-status.ts'
export { mergeDataset, type MergeDatasetOptions } from './check/merge-dataset.ts'
export type { Row } from './parts/row.ts'
export { plannedKinds } from './plan/planned-kinds.ts'
export type { DatasetSettings, EmbeddingType, PartFormat, PromptPlace } from './plan/settings.ts'
export { enqueueDataset, type QueueCounts, queueCounts, type QueueOptions } from './queue/dataset-queue.ts'
export { datasetWorker, type DatasetWorkerOptions } from './queue/dataset-worker.ts'
export type { ShardOutcome } from './run/dataset-run.ts'
export type { ShardProblem } from './run/failures.ts'
export {
  type DatasetSummary,
  type PlanDatasetOptions,
  scoreDataset,
  type ScoreDatasetOptions,
} from './run/score-dataset.ts'
export { parseShare, type Share } from './run/share.ts'
export { findInputs, type FoundInput } from './sources/find-inputs.ts'
export type { ColumnNames, Shard, ShardKind } from './sources/shard.ts'
export type { StoreWait } from './store/waits.ts'
