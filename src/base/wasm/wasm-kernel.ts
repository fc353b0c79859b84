/**
 * Starts a kernel, WebAssembly without imports in base64. `undefined` where the platform does not run it, or its policy forbids
 * WebAssembly; JavaScript does the same then.
 */
export function startKernel<T>(base64: string): T | undefined {
  try {
    const bytes = Uint8Array.from(atob(base64), (char) => char.charCodeAt(0))
    return new WebAssembly.Instance(new WebAssembly.Module(bytes)).exports as T
  } catch {
    return undefined
  }
}

/** Sees to it that a kernel's memory has so many bytes. */
export function reserve(memory: WebAssembly.Memory, bytes: number): ArrayBuffer {
  const missing = bytes - memory.buffer.byteLength
  if (missing > 0) memory.grow(Math.ceil(missing / 65536))
  return memory.buffer
}

/** A kernel with more memory than this is not kept: memory only grows. */
const KEPT_BYTES = 1 << 24

/** A kernel that starts when it is first asked for, and serves all later calls. It holds scratch memory only. */
export class KeptKernel<T extends { readonly memory: WebAssembly.Memory }> {
  readonly #base64: string
  #kernel: T | null | undefined

  constructor(base64: string) {
    this.#base64 = base64
  }

  /** `undefined` where JavaScript has to do it, or is asked for: `engine` is for tests and benchmarks. */
  start(engine?: 'wasm' | 'js'): T | undefined {
    if (engine === 'js') return undefined
    if (this.#kernel === undefined) this.#kernel = startKernel<T>(this.#base64) ?? null
    return this.#kernel ?? undefined
  }

  /** So many bytes of the memory of what was started. If that is much, the next call starts another. */
  reserve({ memory }: T, bytes: number): ArrayBuffer {
    const reserved = reserve(memory, bytes)
    if (reserved.byteLength > KEPT_BYTES) this.#kernel = undefined
    return reserved
  }
}
