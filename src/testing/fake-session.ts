import type { InferenceSession, Tensors } from '../backend/backend.ts'
import { InputError } from '../base/errors.ts'
import { sleep } from '../base/waiting/sleep.ts'
import { FAKE_PREPROCESS } from './fake-decoder.ts'

/** A session that answers by a function. */
export class FakeSession implements InferenceSession {
  #disposed = false

  constructor(
    private readonly latency: number | undefined,
    private readonly answer: (inputs: Tensors) => Tensors,
  ) {}

  async run(
    inputs: Tensors,
    { signal }: { readonly signal?: AbortSignal | undefined } = {},
  ): Promise<Tensors> {
    await sleep(this.latency, signal)
    if (this.#disposed)
      throw new InputError('input_disposed', 'This scorer was disposed while it was working.')
    return this.answer(inputs)
  }

  async dispose(): Promise<void> {
    this.#disposed = true
  }
}

/** The numbers that the decoder wrote into the crops, read back from a batch of `pixel_values`. */
export function numbersIn({ pixel_values: pixels }: Tensors): number[] {
  const { size } = FAKE_PREPROCESS
  return Array.from({ length: pixels!.dims[0]! }, (_, image) => {
    let number = 0
    for (let byte = 0; byte < 4; byte++)
      number += Math.round(Number(pixels!.data[image * 3 * size * size + byte]) * 255) * 256 ** byte
    return number
  })
}
