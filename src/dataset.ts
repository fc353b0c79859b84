/**
 * icthp/dataset, for Node: from shards of pictures to parts of scores, one row an image, on one machine or many.
 */
export {
  type DatasetProblem,
  type DatasetStatus,
  datasetStatus,
  type DatasetStatusOptions,
} from './dataset/check/dataset-status.ts'
export { mergeDataset, type MergeDatasetOptions } from './dataset/check/merge-dataset.ts'
export type { Row } from './dataset/parts/row.ts'
export type { DatasetSettings, EmbeddingType, PartFormat, PromptPlace } from './dataset/plan/settings.ts'
export type { ShardOutcome } from './dataset/run/dataset-run.ts'
export type { ShardProblem } from './dataset/run/failures.ts'
export {
  type DatasetSummary,
  type PlanDatasetOptions,
  scoreDataset,
  type ScoreDatasetOptions,
} from './dataset/run/score-dataset.ts'
export { parseShare, type Share } from './dataset/run/share.ts'
export type { ColumnNames, Shard, ShardKind } from './dataset/sources/shard.ts'
