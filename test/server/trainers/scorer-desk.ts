import type { HpScorer, IctScorer } from '../../../src/node.ts'
import type { RewardDesk, ScoreItem, ScoreOutcome } from '../../../src/server/reward-desk.ts'

/** The least desk on real scorers: no queue, no batches across requests, and images that fail fail all. */
export class ScorerDesk implements RewardDesk {
  readonly rewards: RewardDesk['rewards'] = [
    { name: 'ict', label: 'ICT', takesPrompt: true },
    { name: 'hp', label: 'HP', takesPrompt: false },
    { name: 'icthp', label: '0.5·ICT + 0.5·HP', takesPrompt: true },
  ]
  calls = 0

  constructor(
    private readonly ict: IctScorer,
    private readonly hp: HpScorer,
  ) {}

  async score(rewards: readonly string[], items: readonly ScoreItem[]): Promise<readonly ScoreOutcome[]> {
    this.calls++
    const images = items.map(({ image }) => image)
    const hp = await this.hp.score(images)
    const prompts = items.map(({ prompt }) => prompt ?? '')
    const ict = rewards.some((name) => name !== 'hp') ? await this.ict.score(images, prompts) : []
    return items.map((_, i) => {
      const all = { ict: ict[i]!, hp: hp[i]!, icthp: 0.5 * ict[i]! + 0.5 * hp[i]! }
      const scores = Object.fromEntries(rewards.map((name) => [name, all[name as keyof typeof all]]))
      return { scores, logits: {} }
    })
  }
}
