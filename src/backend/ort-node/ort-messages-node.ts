import type { Reply } from '../../base/pending-calls.ts'
import type { Tensors } from '../backend.ts'

/** What the main thread asks of the worker that holds onnxruntime-node. */
export type OrtRequest = { readonly id: number } & (
  | { readonly kind: 'probe'; readonly device: string }
  | {
      readonly kind: 'load'
      readonly session: number
      readonly path: string
      readonly device: string
      readonly threads?: number | undefined
      readonly once?: boolean | undefined
    }
  | { readonly kind: 'run'; readonly session: number; readonly inputs: Tensors }
  | { readonly kind: 'release'; readonly session: number }
)

export type OrtAnswer =
  { readonly milliseconds: number } | { readonly outputs: Tensors } | Readonly<Record<never, never>>

export type OrtReply = Reply<OrtAnswer>

export interface OrtWorkerData {
  /** Path of onnxruntime-node's entry file. */
  readonly entry: string
  /** The memory of a `NativeTurn`. */
  readonly turn: SharedArrayBuffer
}
