/** What every entry point exports alike. */
export {
  type Device,
  DEVICES,
  type FileSource,
  type InferenceBackend,
  type InferenceSession,
  type LoadOptions,
  type ModelFiles,
  type ModelSource,
  type ProbedDevice,
  type Tensor,
  type Tensors,
} from './backend/backend.ts'
export {
  BackendError,
  CheckpointError,
  DatasetError,
  DeviceError,
  DownloadError,
  type ErrorCode,
  IcthpError,
  ImageError,
  InputError,
  ModelError,
  OutputError,
  RequestError,
} from './base/errors.ts'
export type { OnProgress, Progress } from './base/progress.ts'
export { VERSION } from './base/version.ts'
export type { FileDigest, ModelFolder, ModelHub, OpenOptions } from './hub/hub.ts'
export type { DecodeOptions, ImageDecoder } from './image/decoder.ts'
export type { ImageInput } from './image/inputs/image-input.ts'
export type { JimpImage } from './image/inputs/jimp-image.ts'
export {
  CLIP_PREPROCESS,
  type ImageCrop,
  type PixelValues,
  type PreprocessConfig,
} from './image/preprocess.ts'
export type { RawImage, RgbImage } from './image/raw-image.ts'
export { dot, l2Normalise, sigmoid } from './models/embeddings.ts'
export {
  allKinds,
  type HeadKind,
  HP,
  ICT,
  type ModelKind,
  registerKind,
  type RewardKind,
  type TextKind,
} from './models/kinds.ts'
export { type Dtype, DTYPES, type ModelManifest, type ModelOrigin } from './models/manifest.ts'
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
  type AnyRule,
  COMBINE_RULES,
  type CombineFunction,
  type CombineRule,
  type Scores,
  type Weights,
} from './ranking/combine.ts'
export {
  type GroupedRanking,
  type GroupedScores,
  type RankedGroup,
  rankGroups,
} from './ranking/rank-groups.ts'
export { type RankImages, rankImages, type RankOptions } from './ranking/rank-images.ts'
export { type GroupedPair, type RankPairs, rankPairs } from './ranking/rank-pairs.ts'
export { type RankedImage, type Ranking, rankScores, type Thresholds } from './ranking/rank-scores.ts'
export { type ScoreImages, scoreImages, type ScoreImagesOptions } from './ranking/score-images.ts'
export { type ImagePair, type ImagePairs, type ScorePairs, scorePairs } from './ranking/score-pairs.ts'
export type { Runtime } from './runtime.ts'
export type { EncodedImage, VisionEncoder } from './scorers/encode/vision-encoder.ts'
export { HeadScorer } from './scorers/head-scorer.ts'
export type { LoadOptions as LoadScorersOptions, ScorerParts } from './scorers/load/load-scorer.ts'
export { type LoadedScorers, loadScorers } from './scorers/load/load-scorers.ts'
export { type Judge, type Scorable, Scorer } from './scorers/scorer.ts'
export type { ScorerClass } from './scorers/scorer-class.ts'
export type { EncodeOptions, ScorerInfo, ScorerOptions, StreamOptions } from './scorers/scorer-options.ts'
export { TextScorer, type TextScorerParts } from './scorers/text-scorer.ts'
export {
  ClipTokenizer,
  type ClipTokenizerOptions,
  type InputIds,
  type InspectedText,
} from './text/clip-tokenizer.ts'
