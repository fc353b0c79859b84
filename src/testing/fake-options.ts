export interface FakeOptions {
  /**
   * ICT of an image and a prompt, -1 to 1. It is asked for the pairs that are scored and no others. NaN gives the
   * `BackendError` `backend_nan`; what it throws rejects the call. Default: a stable hash of both, 0 to 1.
   */
  readonly ict?: ((image: unknown, prompt: string) => number) | undefined
  /** HP of an image, 0 to 1, accurate to 1e-6 (it passes through a float32 logit). Otherwise as `ict`. */
  readonly hp?: ((image: unknown) => number) | undefined
  /** Images that cannot be read: these give the `ImageError` `image_unreadable`. */
  readonly unreadable?: ((image: unknown) => boolean) | undefined
  /** Milliseconds that reading an image and running a batch take. Default 0. */
  readonly latency?: { readonly decode?: number | undefined; readonly run?: number | undefined } | undefined
  /** Images in a batch. Default 4. */
  readonly batchSize?: number | undefined
}
