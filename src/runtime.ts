import type { InferenceBackend } from './backend/backend.ts'
import type { ModelHub } from './hub/hub.ts'
import type { ImageDecoder } from './image/decoder.ts'

/** What a platform brings: the three seams that `icthp/node` and `icthp/web` wire in. */
export interface Runtime {
  readonly backend: InferenceBackend
  readonly decoder: ImageDecoder
  readonly hub: ModelHub
}
