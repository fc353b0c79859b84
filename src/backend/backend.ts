/**
 * The seam between icthp and whatever runs an ONNX graph. To bring a runtime of your own, implement
 * {@link InferenceBackend}, pass it as `backend` to `fromPretrained`, and run `backendConformance` of
 * `icthp/testing` against it. `docs/custom-backend.md` shows a whole one.
 */
export interface InferenceBackend {
  /** Shown in `scorer.info`, for example `onnxruntime-node 1.30.0`. */
  readonly name: string
  /**
   * Says which device a request leads to, having tried it. Throws `DeviceError` (`device_unknown`,
   * `device_unavailable`) where an explicit device is not there; `auto` never throws, but falls back with a note.
   */
  probe(device: Device): Promise<ProbedDevice>
  /**
   * Loads one graph on a device that `probe` gave, and returns when it is ready to run.
   * Throws `BackendError` where the graph cannot be loaded.
   */
  load(model: ModelSource, options: LoadOptions): Promise<InferenceSession>
  /** Frees what the backend itself holds. Idempotent. */
  dispose(): Promise<void>
}

export interface ProbedDevice {
  /** What really runs the graph, for example `cpu`; never `auto`. */
  readonly device: Device
  /** What to take instead where a model fails its self-test on `device` and the user left the choice. Default `cpu`. */
  readonly fallback?: Device
  /** One line each on what the user should know: a fallback and its reason. Empty where all went as asked. */
  readonly notes: readonly string[]
}

export interface InferenceSession {
  /**
   * Runs the graph on `inputs` and returns every output. Calls may overlap; a backend that can do only one at a time
   * queues them. Input arrays are not changed. Rejects with `signal.reason` soon after `signal` aborts.
   */
  run(inputs: Tensors, options?: { readonly signal?: AbortSignal | undefined }): Promise<Tensors>
  /** Frees the session's memory. Idempotent; runs under way are finished or rejected. */
  dispose(): Promise<void>
}

export type Tensors = Readonly<Record<string, Tensor>>

/** A dense, row-major tensor. `data.length` is the product of `dims`. */
export type Tensor =
  | { readonly dtype: 'float32'; readonly dims: readonly number[]; readonly data: Float32Array }
  | { readonly dtype: 'int64'; readonly dims: readonly number[]; readonly data: BigInt64Array }

/**
 * An ONNX graph that a backend is to run. Its files are brought when the backend asks for them: one that runs the graph
 * elsewhere asks for none, and then nothing is downloaded.
 */
export interface ModelSource {
  /** Shown in errors, for example `8y/ICT vision (fp32)`. */
  readonly name: string
  /** What a tower is called in model repositories: `ict_vision`, `ict_text`, `hp_vision`. Absent for other graphs. */
  readonly tower?: string | undefined
  /**
   * Brings the graph and all its external data to where they can be read, once: asked again, it gives the same. The graph
   * is checked by its sha256; data may still be hashed while it is loaded, and the session is refused if it is wrong.
   * Rejects with `ModelError` or `DownloadError`, which {@link InferenceBackend.load} need not translate.
   */
  files(): Promise<ModelFiles>
}

/** A graph with its external data, each a path on disk or a Blob. */
export interface ModelFiles {
  readonly graph: FileSource
  /** `name` is how the graph refers to the part: its file name, relative to the graph. */
  readonly externalData: readonly { readonly name: string; readonly file: FileSource }[]
}

/** Where bytes are: a file on disk (absolute path) or in memory or browser storage. */
export type FileSource = { readonly path: string } | { readonly blob: Blob }

export interface LoadOptions {
  readonly device: Device
  /** Threads for CPU kernels; default: the backend's own choice. */
  readonly threads?: number | undefined
  /** The session will run once: a hint not to rearrange its weights for later runs. Default false. */
  readonly once?: boolean | undefined
  readonly signal?: AbortSignal | undefined
}

/** `remote`: wherever a server runs the towers. */
export const DEVICES = [
  'auto',
  'cpu',
  'cuda',
  'webgpu',
  'tensorrt',
  'coreml',
  'dml',
  'wasm',
  'remote',
] as const
export type Device = (typeof DEVICES)[number]

/** More than any machine has; a larger number is a mistake, and would take all its memory. */
export const MAX_THREADS = 1024
