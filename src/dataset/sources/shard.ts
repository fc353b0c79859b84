export type ShardKind = 'tar' | 'parquet' | 'jsonl' | 'files'

/** A piece of a dataset that is scored in one go and becomes one part. */
export interface Shard {
  /** Its part is called so; the same wherever and whenever the sources are looked at. */
  readonly id: string
  readonly kind: ShardKind
  /** A file's absolute path or address; of `files` the folder that the names in their list are relative to. */
  readonly address: string
  /** Bytes of the file. */
  readonly size?: number
  /** Of a JSONL file that was cut: the bytes of these lines. */
  readonly range?: { readonly start: number; readonly end: number }
  /** Images in it, where that is known before it is read. */
  readonly rows?: number
}

/** Which columns of a table hold what; see `findColumns`. */
export interface ColumnNames {
  /** Several: a row is as many images. */
  readonly image?: readonly string[]
  readonly prompt?: string
  readonly key?: string
}

/** Why a row holds no image that could be read. */
export interface RowProblem {
  readonly code: string
  readonly message: string
}

/** An image of a shard, not decoded and perhaps not fetched yet. */
export interface Sample {
  /** Its place in the shard, from 0. */
  readonly index: number
  /** What its row is called: a path in the shard, an id of the table. */
  readonly key: string
  /** The file's bytes, a local path, an http(s) address, or what fetches the bytes. */
  readonly image: Uint8Array | string | URL | (() => Promise<Uint8Array>)
  /** What the shard itself says: a caption column, a text beside it. */
  readonly prompt?: string | undefined
}

/** A sample, or a row without one. */
export type SampleOrProblem = Sample | (Pick<Sample, 'index' | 'key'> & { readonly problem: RowProblem })
