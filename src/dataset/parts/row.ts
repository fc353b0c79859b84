import type { Scores } from '../../ranking/combine.ts'

/** What became of an image: scores, or why there are none. */
export interface Row {
  /** The image's place in its shard, from 0. */
  readonly index: number
  readonly key: string
  /** By model, and logits beside them; absent of an image that failed. */
  readonly scores?: Scores
  /** Of the picture itself, in pixels. */
  readonly width?: number
  readonly height?: number
  /** A code of `ErrorCode`, where the image failed. */
  readonly error?: string
  readonly message?: string
  /** By model; as `embedImages` of its scorer gives them. */
  readonly embeddings?: Readonly<Record<string, Float32Array>>
  /** The same as they lie in a part, where they were read from one: little-endian, in the part's type. */
  readonly packed?: Readonly<Record<string, Uint8Array>>
}
