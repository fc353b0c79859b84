import { ImageError, RequestError, show } from '../../base/errors.ts'
import type { JsonBody } from '../http/json-body.ts'
import type { RewardDesk, ScoreItem, ScoreOutcome } from '../reward-desk.ts'
import { findRewards, needPrompts, scoreOf } from './asked.ts'

/** One score or error a reward, along the requests. */
export interface UniRlAnswer {
  readonly results: readonly Readonly<Record<string, Readonly<Record<string, number>>>>[]
  readonly errors: readonly Readonly<Record<string, string>>[]
}

/** What one of the requests asks; where its image cannot be read, why. */
interface Asked {
  readonly rewards: readonly string[]
  readonly item: ScoreItem | ImageError
}

/**
 * `POST /score` of UniRL's reward service: of each history the last turn is scored. An image that fails has its text in
 * `errors` and is left out of `results`, which makes UniRL mark that sample as failed and keep the others.
 */
export async function scoreUniRl(
  desk: RewardDesk,
  body: JsonBody,
  signal: AbortSignal,
): Promise<UniRlAnswer> {
  const asked = await readRequests(body)
  const groups = groupByRewards(asked)
  for (const [rewards, indices] of groups)
    needPrompts(
      findRewards(desk, rewards),
      indices.flatMap((i) => itemOf(asked[i]!)),
    )
  const outcomes = await scoreGroups(desk, asked, groups, signal)
  const results = asked.map((): Record<string, Record<string, number>> => ({}))
  const errors = asked.map((): Record<string, string> => ({}))
  for (const [i, { rewards, item }] of asked.entries()) {
    for (const reward of rewards) {
      const score = item instanceof ImageError ? item : scoreOf(outcomes[i], reward)
      if (typeof score === 'number') results[i]![reward] = { [reward]: score }
      else errors[i]![reward] = `${score.code}: ${score.message}`
    }
  }
  return { results, errors }
}

const itemOf = ({ item }: Asked): ScoreItem[] => (item instanceof ImageError ? [] : [item])

/** Mostly all ask for the same rewards: then what they ask is one question. */
function groupByRewards(asked: readonly Asked[]): [rewards: readonly string[], indices: number[]][] {
  const groups = new Map<string, [readonly string[], number[]]>()
  for (const [i, { rewards }] of asked.entries()) {
    const key = JSON.stringify([...rewards].sort())
    const [, indices] = groups.get(key) ?? groups.set(key, [rewards, []]).get(key)!
    indices.push(i)
  }
  return [...groups.values()]
}

/** The outcomes along the requests. Where one group is refused, the others are given up. */
async function scoreGroups(
  desk: RewardDesk,
  asked: readonly Asked[],
  groups: readonly [rewards: readonly string[], indices: readonly number[]][],
  signal: AbortSignal,
): Promise<(ScoreOutcome | undefined)[]> {
  const outcomes: (ScoreOutcome | undefined)[] = asked.map(() => undefined)
  const others = new AbortController()
  const either = AbortSignal.any([signal, others.signal])
  const score = async (rewards: readonly string[], all: readonly number[]): Promise<void> => {
    const indices = all.filter((i) => !(asked[i]!.item instanceof ImageError))
    if (rewards.length === 0 || indices.length === 0) return
    const items = indices.flatMap((i) => itemOf(asked[i]!))
    const found = await desk.score(rewards, items, { signal: either })
    for (const [at, i] of indices.entries()) outcomes[i] = found[at]
  }
  try {
    await Promise.all(groups.map(([rewards, indices]) => score(rewards, indices)))
  } catch (error) {
    others.abort(error)
    throw error
  }
  return outcomes
}

async function readRequests(body: JsonBody): Promise<Asked[]> {
  const requests = (body.value as { requests?: unknown } | null)?.requests
  if (!Array.isArray(requests)) throw invalid('The body must be {"requests": [...]}.')
  const asked: Asked[] = []
  for (const [i, request] of requests.entries()) asked.push(await readRequest(body, request, i))
  return asked
}

async function readRequest(body: JsonBody, request: unknown, i: number): Promise<Asked> {
  const { history, required_rewards: names } = (request ?? {}) as Record<string, unknown>
  if (!Array.isArray(names) || !names.every((name): name is string => typeof name === 'string'))
    throw invalid(`requests[${i}].required_rewards must be a list of names.`)
  const turn = Array.isArray(history) ? (history.at(-1) as Record<string, unknown> | null) : undefined
  if (!turn || typeof turn !== 'object')
    throw invalid(`requests[${i}].history must be a list of turns with one or more in it.`)
  return { rewards: [...new Set(names)], item: await readTurn(body, turn, `requests[${i}].history[-1]`) }
}

async function readTurn(
  body: JsonBody,
  turn: Readonly<Record<string, unknown>>,
  where: string,
): Promise<ScoreItem | ImageError> {
  const { text, image_b64: encoded } = turn
  const prompt = text === null ? undefined : body.text(text)
  if (prompt === undefined && text !== undefined && text !== null)
    throw invalid(`${where}.text must be a text, not ${show(text)}.`)
  if (encoded === undefined || encoded === null)
    throw invalid(`${where} has no image_b64. Images are scored here, videos are not.`)
  if (typeof encoded !== 'string') throw invalid(`${where}.image_b64 must be base64, not ${show(encoded)}.`)
  const image = await body.base64(encoded)
  if (!image) return new ImageError('image_unreadable', `${where}.image_b64 is not base64.`, { where })
  return { image, prompt }
}

const invalid = (message: string): RequestError => new RequestError('request_invalid', message)
