/** A folder's URL, or those of the two files. */
export type WasmPaths = string | { readonly mjs?: string | undefined; readonly wasm?: string | undefined }

/** The name by which the worker's script knows that it is one. */
export const WORKER_NAME = 'icthp-worker'

/** In the details of an error: the runtime hangs with the GPU, and its worker has to end. */
export const GPU_SILENT = 'gpuSilent'

/** The first message; others are requests. */
export interface WorkerSetup {
  readonly kind: 'setup'
  readonly wasmPaths: WasmPaths | undefined
  readonly threads: number | undefined
  /** Addresses of onnxruntime-web's builds, where the page's import map knows them: workers have none. */
  readonly modules: Readonly<Record<string, string>>
}

/** What a request came to, and which parts of it are handed over rather than copied. */
export interface Answer {
  readonly ok: unknown
  readonly transfer: readonly Transferable[]
}
