import type { TowerName } from '../../models/kinds.ts'
import type { ClipConfig } from '../config/clip-config.ts'
import type { LayerRunner, WeightSource } from '../quantise/layer-runner.ts'
import { selfTestAnswer } from './self-test-answer.ts'

/** The towers' answers to the load-time self-test, found one after the other, beside other work. */
export class SelfTests {
  readonly #answers: Partial<Record<TowerName, readonly number[]>> = {}
  #last: Promise<void> = Promise.resolve()

  constructor(
    private readonly config: ClipConfig,
    private readonly runner: LayerRunner,
    private readonly signal?: AbortSignal | undefined,
  ) {}

  /** Resolves when the tower has answered. What fails is told by {@link answers}, too, and need not be heard here. */
  begin(tower: TowerName, weights: WeightSource): Promise<void> {
    const { config, runner, signal } = this
    this.#last = this.#last.then(async () => {
      this.#answers[tower] = await selfTestAnswer(tower, config, weights, runner, signal)
    })
    this.#last.catch(() => {})
    return this.#last
  }

  /** When none is under way any more, by whatever end. */
  async ended(): Promise<void> {
    await this.#last.catch(() => {})
  }

  /** Throws what the first test failed of. */
  async answers(): Promise<Readonly<Partial<Record<TowerName, readonly number[]>>>> {
    await this.#last
    return this.#answers
  }
}
