import type { KnownReward } from '../desk/known-rewards.ts'
import type { ScorerDesk } from '../desk/scorer-desk.ts'

/**
 * The reward that a client's `model` means: by its name (`ict`), or by its model's (`8y/ICT`). Throws `RequestError`
 * `request_unknown_reward`.
 */
export function modelAsked({ known }: ScorerDesk, model: string | undefined): KnownReward | undefined {
  if (model === undefined) return undefined
  const byModel = known.scorers.find(({ info }) => info.model === model)
  return known.named(byModel?.kind.name ?? model)
}
