/** An object of a store: a file of a folder, or of a bucket. */
export interface StoredObject {
  /** Relative to the store, with `/` between folders. */
  readonly key: string
  /** In bytes. */
  readonly size: number
}

/** Bytes from `start` to before `end`. */
export interface ByteRange {
  readonly start: number
  readonly end: number
}

/** A place that can be read: a folder, a bucket, a web server. Rejects with `DatasetError` `dataset_store_failed`. */
export interface ReadableStore {
  /** As people write it, without passwords; ends with `/`. */
  readonly address: string
  /** What is below a prefix, at any depth, in the order of the keys' characters. */
  list(prefix: string, signal?: AbortSignal): AsyncIterable<StoredObject>
  /** Undefined where there is no such object. */
  size(key: string, signal?: AbortSignal): Promise<number | undefined>
  /** Undefined where there is no such object. */
  read(key: string, range?: ByteRange, signal?: AbortSignal): Promise<Uint8Array | undefined>
  /** Piece by piece; goes on where a connection broke. Throws where there is no such object, or where it changed midway. */
  stream(key: string, range?: ByteRange, signal?: AbortSignal): AsyncIterable<Uint8Array>
}

/** A store that objects are written to, once each. */
export interface Store extends ReadableStore {
  /** Writes an object that is not there yet, whole or not at all; false, and nothing is changed, where it is. */
  create(key: string, bytes: Uint8Array): Promise<boolean>
  /** The same from a local file, which may be gone afterwards. */
  createFromFile(key: string, path: string): Promise<boolean>
  /** A path for a file that is to go to `createFromFile`; nothing is there yet. */
  draft(): Promise<string>
  /** Writes an object that is there anew, so that its age is nought; false where there is none. */
  renew(key: string, bytes: Uint8Array): Promise<boolean>
  /** Milliseconds since an object was written, by the store's own clock; undefined where there is none. */
  age(key: string): Promise<number | undefined>
  /** Does nothing where there is no such object. */
  remove(key: string): Promise<void>
}
