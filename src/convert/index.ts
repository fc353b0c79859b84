/** From PyTorch or safetensors checkpoints to the ONNX folders that the scorers load. Node only. */
export {
  convertCheckpoints, type CheckpointOrigin, type ConvertedModel, type ConvertOptions, type ConvertReport,
} from './convert-checkpoints.ts'
export { openCheckpoint, type Checkpoint, type CheckpointTensor } from '../checkpoint/checkpoint.ts'
export { RANDOM_SIZES, writeRandomCheckpoint, type RandomSize } from './random-checkpoint.ts'
