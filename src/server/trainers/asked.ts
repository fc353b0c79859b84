import { BackendError, IcthpError, ImageError, RequestError, show } from '../../base/errors.ts'
import type { RewardDesk, ScoreItem, ScoreOutcome, ServedReward } from '../reward-desk.ts'

/** The reward that a base path names; at the root the combination, or the only one there is. */
export function rewardOf(desk: RewardDesk, base: string): string {
  if (base) return base
  const { rewards } = desk
  const found =
    rewards.find(({ name }) => name === 'icthp') ?? (rewards.length === 1 ? rewards[0] : undefined)
  if (found) return found.name
  throw new RequestError(
    'request_unknown_reward',
    `This path names no reward. Put one before it: ${rewards.map(({ name }) => `/${name}`).join(', ')}.`,
    { rewards: namesOf(desk) },
  )
}

export const namesOf = (desk: RewardDesk): string[] => desk.rewards.map(({ name }) => name)

/** Throws `RequestError` `request_unknown_reward` where one of the names is not served. */
export function findRewards(desk: RewardDesk, names: readonly string[]): ServedReward[] {
  return names.map((name) => {
    const reward = desk.rewards.find((served) => served.name === name)
    if (reward) return reward
    const there = namesOf(desk)
    throw new RequestError(
      'request_unknown_reward',
      `There is no reward ${show(name)} here. Ask for one of ${there.join(', ')}.`,
      { reward: name, rewards: there },
    )
  })
}

/** Throws `RequestError` `request_invalid` where a reward takes a prompt and an item has none: nothing is run. */
export function needPrompts(rewards: readonly ServedReward[], items: readonly ScoreItem[]): void {
  const asking = rewards.find(({ takesPrompt }) => takesPrompt)
  const index = items.findIndex(({ prompt }) => prompt === undefined)
  if (!asking || index < 0) return
  throw new RequestError(
    'request_invalid',
    `The reward ${asking.name} takes a prompt, and image ${index} has none. Send one prompt an image.`,
    { reward: asking.name, index },
  )
}

/** An outcome's score of a reward, or why there is none: a failed image is never a number. */
export function scoreOf(outcome: ScoreOutcome | undefined, reward: string): number | IcthpError {
  if (outcome && 'error' in outcome) return outcome.error
  const score = outcome?.scores[reward]
  if (score !== undefined && Number.isFinite(score)) return score
  return new BackendError('backend_nan', `The reward ${reward} gave no number for this image.`, { reward })
}

/**
 * One score an item. For formats that cannot say of one image that it failed: where any did, throws an error that names
 * them all (`ImageError` where nothing but images is at fault).
 */
export async function scoreAll(
  desk: RewardDesk,
  name: string,
  items: readonly ScoreItem[],
  signal: AbortSignal,
): Promise<number[]> {
  needPrompts(findRewards(desk, [name]), items)
  if (items.length === 0) return []
  const outcomes = await desk.score([name], items, { signal })
  const scores = items.map((_, i) => scoreOf(outcomes[i], name))
  const failed = scores.flatMap((score, index) =>
    typeof score === 'number' ? [] : [{ index, error: score }],
  )
  if (failed.length > 0) throw failure(failed, items.length)
  return scores as number[]
}

/** How many images an error names. */
const NAMED = 8

function failure(
  failed: readonly { readonly index: number; readonly error: IcthpError }[],
  count: number,
): IcthpError {
  const others = failed.find(({ error }) => !(error instanceof ImageError))
  const { error: cause } = others ?? failed[0]!
  const told = failed.slice(0, NAMED).map(({ index, error }) => `image ${index}: ${error.message}`)
  const more = failed.length > NAMED ? ` And ${failed.length - NAMED} more.` : ''
  const message = `${failed.length} of ${count} images have no score. ${told.join(' ')}${more}`
  const details = { ...cause.details, failed: failed.map(({ index }) => index), cause }
  return others ? new IcthpError(cause.code, message, details) : new ImageError(cause.code, message, details)
}
