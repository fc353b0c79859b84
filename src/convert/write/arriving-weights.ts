import type { OnnxInitializer } from '../../onnx/onnx-model.ts'

/** Tensors of a graph that is being written: each is there once the system has its bytes. */
export class ArrivingWeights {
  readonly #there = new Map<string, OnnxInitializer>()
  #waiting: (() => void)[] = []
  #failure: { readonly error: unknown } | undefined

  add(tensors: readonly OnnxInitializer[]): void {
    for (const tensor of tensors) this.#there.set(tensor.name, tensor)
    this.#wake()
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

  #wake(): void {
    const waiting = this.#waiting
    this.#waiting = []
    for (const resolve of waiting) resolve()
  }
}
