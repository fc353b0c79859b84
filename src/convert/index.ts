/** From PyTorch or safetensors checkpoints to the ONNX folders that the scorers load. Node only. */
export { type Checkpoint, type CheckpointTensor, openCheckpoint } from '../checkpoint/checkpoint.ts'
export {
  type CheckpointOrigin,
  convertCheckpoints,
  type ConvertedModel,
  type ConvertOptions,
  type ConvertReport,
} from './convert-checkpoints.ts'
export type { ExportedFile, ExportedTower, ExportReport } from './export/export-report.ts'
export { type ExportOptions, exportRepository } from './export/export-repository.ts'
export { EXPORT_TARGETS, type ExportTarget } from './export/export-targets.ts'
export { RANDOM_SIZES, type RandomSize, writeRandomCheckpoint } from './random-checkpoint.ts'
