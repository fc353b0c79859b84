import { type IcthpError, ImageError } from '../../../src/base/errors.ts'
import type {
  DeskOptions,
  RewardDesk,
  ScoreItem,
  ScoreOutcome,
  ServedReward,
} from '../../../src/server/reward-desk.ts'
import { hash } from '../../../src/testing/stable-hash.ts'

export interface Asked {
  readonly rewards: readonly string[]
  readonly items: readonly ScoreItem[]
  readonly options: DeskOptions | undefined
}

/** What an image and a prompt come to in {@link HashDesk}. */
export const hashScore = (reward: string, image: Uint8Array, prompt?: string | null): number =>
  (hash(image) + hash(`${reward}\n${reward === 'hp' ? '' : prompt}`)) / 2

/** A desk whose scores are hashes of the bytes and the prompt, which keeps what it was asked. */
export class HashDesk implements RewardDesk {
  readonly rewards: ServedReward[] = [
    { name: 'ict', label: 'ICT', takesPrompt: true },
    { name: 'hp', label: 'HP', takesPrompt: false },
    { name: 'icthp', label: 'ICT·HP', takesPrompt: true },
  ]
  readonly asked: Asked[] = []
  /** What an item fails with, if it does. */
  failure: (item: ScoreItem) => IcthpError | undefined = ({ image }) =>
    image.length === 0 ? new ImageError('image_empty', 'The image is empty.') : undefined
  /** What all is refused with. */
  refusal: unknown

  async score(
    rewards: readonly string[],
    items: readonly ScoreItem[],
    options?: DeskOptions,
  ): Promise<readonly ScoreOutcome[]> {
    this.asked.push({ rewards, items, options })
    if (this.refusal !== undefined) throw this.refusal
    return items.map((item) => {
      const error = this.failure(item)
      if (error) return { error }
      const { image, prompt } = item
      return {
        scores: Object.fromEntries(rewards.map((reward) => [reward, hashScore(reward, image, prompt)])),
        logits: {},
      }
    })
  }
}
