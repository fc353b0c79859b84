import type { Reply } from '../../base/pending-calls.ts'
import type { UseSharp } from '../codecs/codecs-node.ts'
import type { ImageCrop } from '../preprocess.ts'
import type { RgbImage } from '../raw-image.ts'
import type { ImageJob } from './image-job-node.ts'

/** What passes between {@link WorkerPool} and worker-node.ts. */
export interface WorkerOptions {
  readonly sharp: UseSharp
}

export interface WorkerRequest {
  readonly id: number
  readonly job: ImageJob
}

export type WorkerReply = Reply<{ readonly codecs: string; readonly result: ImageCrop | RgbImage }>
