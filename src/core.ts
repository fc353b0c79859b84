/** What every entry point exports alike. */
export {
  type Device,
  DEVICES,
  type FileSource,
  type InferenceBackend,
  type InferenceSession,
  type LoadOptions,
  type ModelSource,
  type ProbedDevice,
  type Tensor,
  type Tensors,
} from './backend/backend.ts'
export * from './base/errors.ts'
export type { OnProgress, Progress } from './base/progress.ts'
export { VERSION } from './base/version.ts'
export type { FileDigest, ModelFolder, ModelHub, OpenOptions } from './hub/hub.ts'
export type { DecodeOptions, ImageDecoder, ImageInput } from './image/decoder.ts'
export {
  CLIP_PREPROCESS,
  type ImageCrop,
  type PixelValues,
  type PreprocessConfig,
} from './image/preprocess.ts'
export type { RawImage, RgbImage } from './image/raw-image.ts'
export {
  type Dtype,
  DTYPES,
  type ModelKind,
  type ModelManifest,
  type ModelOrigin,
} from './models/manifest.ts'
export type {
  MeasuredMemory,
  MeasuredModel,
  MeasuredPrecision,
  MeasuredWith,
  RankingAgreement,
} from './models/measured.ts'
export type { ImagePrompt, PromptFormat } from './prompts/image-prompt.ts'
export {
  plainPrompt,
  type PlainPromptOptions,
  PROMPT_DIALECTS,
  type PromptDialect,
} from './prompts/plain/plain-prompt.ts'
export {
  COMBINE_RULES,
  type CombineFunction,
  type CombineRule,
  type Scores,
  type Weights,
} from './ranking/combine.ts'
export {
  type RankedImage,
  rankImages,
  type Ranking,
  type RankOptions,
  rankScores,
  scoreImages,
} from './ranking/rank-images.ts'
export type { Runtime } from './runtime.ts'
export { dot, l2Normalise, sigmoid } from './scorers/embeddings.ts'
export type { ScorerParts } from './scorers/load-scorer.ts'
export type { EncodeOptions, ScorerInfo, ScorerOptions, StreamOptions } from './scorers/scorer-options.ts'
export type { EncodedImage, VisionEncoder } from './scorers/vision-encoder.ts'
export {
  ClipTokenizer,
  type ClipTokenizerOptions,
  type InputIds,
  type InspectedText,
} from './text/clip-tokenizer.ts'
