import { type ErrorCode, IcthpError, ImageError } from '../../base/errors.ts'
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

export type WorkerReply =
  | { readonly id: number; readonly codecs: string; readonly result: ImageCrop | RgbImage }
  | { readonly id: number; readonly error: ErrorMessage }

/** An error in a form that survives the way between threads, which strips classes. */
export interface ErrorMessage {
  readonly code: ErrorCode
  readonly message: string
  readonly details: Readonly<Record<string, unknown>>
  readonly cause: string | undefined
}

export function toMessage(error: unknown): ErrorMessage {
  const message = error instanceof Error ? error.message : String(error)
  if (!(error instanceof IcthpError))
    return { code: 'image_unreadable', message, details: {}, cause: String(error) }
  return {
    code: error.code,
    message,
    details: error.details,
    cause: error.cause === undefined ? undefined : String(error.cause),
  }
}

export function fromMessage({ code, message, details, cause }: ErrorMessage): ImageError {
  return new ImageError(code, message, {
    ...details,
    ...(cause === undefined ? {} : { cause: new Error(cause) }),
  })
}
