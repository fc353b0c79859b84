import type { OnnxInitializer } from '../../onnx/onnx-model.ts'

/** Windows lets nobody map a file that is open for writing. */
const MAPS_WHAT_IS_WRITTEN = process.platform !== 'win32'

/** Tensors of a graph that is being written: each is there once the system has its bytes, and lets others map them. */
export class ArrivingWeights {
  readonly #there = new Map<string, OnnxInitializer>()
  /** Tensors of files that are still written. */
  readonly #open: OnnxInitializer[] = []
  #waiting: (() => void)[] = []
  #failure: { readonly error: unknown } | undefined

  /** The system has their bytes. */
  stored(tensors: readonly OnnxInitializer[]): void {
    if (MAPS_WHAT_IS_WRITTEN) this.#add(tensors)
    else this.#open.push(...tensors)
  }

  /** Their files are closed. */
  closed(): void {
    this.#add(this.#open.splice(0))
  }

  /** No more will come. */
  fail(error: unknown): void {
    this.#failure = { error }
    this.#wake()
  }

  /** Resolves when all of these are there. Throws what the writing failed of. */
  async all(names: Iterable<string>): Promise<OnnxInitializer[]> {
    const found: OnnxInitializer[] = []
    for (const name of names) {
      while (!this.#there.has(name)) {
        if (this.#failure) throw this.#failure.error
        await new Promise<void>((resolve) => this.#waiting.push(resolve))
      }
      found.push(this.#there.get(name)!)
    }
    return found
  }

  #add(tensors: readonly OnnxInitializer[]): void {
    for (const tensor of tensors) this.#there.set(tensor.name, tensor)
    this.#wake()
  }

  #wake(): void {
    const waiting = this.#waiting
    this.#waiting = []
    for (const resolve of waiting) resolve()
  }
}
