import type { Device, InferenceBackend, InferenceSession } from '../../backend/backend.ts'
import type { ConformanceModels } from './conformance-models.ts'

/** What a case works with. */
interface Bench {
  readonly backend: InferenceBackend
  readonly models: ConformanceModels
  readonly device: Device
  /** A loaded session of a graph. */
  load(graph: Parameters<ConformanceModels['source']>[0]): Promise<InferenceSession>
}

export type Cases = Readonly<Record<string, (bench: Bench) => Promise<void>>>
