import type { InferenceBackend } from '../backend/backend.ts'
import type { OnProgress } from '../base/progress.ts'
import type { PreprocessConfig } from '../image/preprocess.ts'
import type { ModelKind, TowerName } from '../models/kinds.ts'
import type { Dtype, ModelManifest } from '../models/manifest.ts'
import type { ClipConfig } from './config/clip-config.ts'
import type { FindTensor, LogicalWeight } from './graph/tower-weights.ts'
import type { WeightPool } from './graph/weight-pool.ts'
import type { CalibrationData } from './quantise/calibration-data.ts'
import type { Digester } from './write/digester.ts'

/** What is written of one model, once its checkpoint is open and its keys are checked. */
export interface ModelParts {
  readonly kind: ModelKind
  readonly name: string
  readonly config: ClipConfig
  readonly preprocess: PreprocessConfig
  readonly weights: Partial<Record<TowerName, readonly LogicalWeight[]>>
  readonly find: FindTensor
  readonly source: ModelManifest['source']
}

export interface WriteModelOptions {
  /** Where the model's folder (`ict` or `hp`) goes. */
  readonly out: string
  readonly dtypes: readonly Dtype[]
  /** Runs the tower's layers on the CPU: for the answer of the load-time self-test, and for calibration. */
  readonly backend: InferenceBackend
  readonly digester: Digester
  readonly pool: WeightPool
  /** Needed for all but fp32 and fp16. */
  readonly calibration?: CalibrationData | undefined
  readonly signal?: AbortSignal | undefined
  readonly onProgress?: OnProgress | undefined
  /** Called when the pool and the checkpoint are needed no more. */
  readonly onWritten: () => void
}
