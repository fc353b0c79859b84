import type { Context } from 'hono'
import { type HeadKind, logitKey } from '../../models/kinds.ts'
import { type AnyRule, combineRules, type Scores, type Weights } from '../../ranking/combine.ts'
import { type OrderOptions, rankScores } from '../../ranking/rank-scores.ts'
import type { ScorerDesk } from '../desk/scorer-desk.ts'
import { Fields, invalid } from '../http/fields.ts'
import { bodyIsRead } from '../http/limit-body.ts'
import { readFields } from '../http/read-fields.ts'
import { type SentPicture, takePictures } from '../http/take-pictures.ts'
import type { ScoreOutcome } from '../reward-desk.ts'
import { modelNames, type NativeOptions } from './native-context.ts'
import { FORM, requiredImages } from './score-route.ts'
import { failureOf, placeOf, scoreSent } from './score-sent.ts'

const ORDER_FIELDS = ['combine', 'weights', 'thresholds', 'top', 'rewards']
const GROUP_FIELDS = ['id', 'prompt', 'images', ...ORDER_FIELDS]

/** Images that are ordered among themselves. */
interface Group {
  readonly id: string | undefined
  readonly prompt: string | undefined
  readonly images: readonly unknown[]
  readonly rewards: readonly string[]
  readonly order: OrderOptions
}

/** `POST /v1/rank`: the images of a prompt, best first; with `groups`, those of many prompts. */
export function rankRoute({ desk, fetchPicture }: NativeOptions): (c: Context) => Promise<Response> {
  return async (c) => {
    const { signal } = c.req.raw
    const fields = await readFields(c, ['groups', ...GROUP_FIELDS], FORM)
    const groups = groupsOf(fields, desk)
    const counts = groups.map(({ images }) => images.length)
    desk.limits.checkCount(counts.reduce((sum, count) => sum + count, 0))
    const pictures = await takePictures(
      groups.flatMap(({ images }) => images),
      { sent: fields.sent, fetchPicture, signal },
    )
    bodyIsRead(c)
    let start = 0
    const sent = counts.map((count) => pictures.slice(start, (start += count)))
    const outcomes = await scoreGroups(desk, groups, sent, signal)
    const rankings = groups.map((group, g) => rankingOf(group, sent[g]!, outcomes[g]!))
    return c.json({
      models: modelNames(desk),
      ...(fields.has('groups') ? { groups: rankings } : rankings[0]),
    })
  }
}

function groupsOf(fields: Fields, desk: ScorerDesk): Group[] {
  const given = fields.list('groups')
  if (!given) return [groupOf(fields, desk, {})]
  if (fields.has('images') || fields.has('prompt'))
    throw invalid('With groups, images and prompt stand in the groups, not beside them.')
  if (given.length === 0) throw invalid('groups is empty. Send at least one, { prompt, images }.')
  desk.limits.checkCount(given.length)
  const usual = orderOf(fields)
  return given.map((group, i) =>
    groupOf(new Fields(group, `groups[${i}]`, fields.sent, GROUP_FIELDS), desk, usual, fields),
  )
}

function groupOf(fields: Fields, desk: ScorerDesk, usual: OrderOptions, outer?: Fields): Group {
  const prompt = fields.text('prompt')
  const fitting = desk.known.scorers
    .map(({ kind }) => kind)
    .filter((kind) => prompt !== undefined || !kind.takesPrompt)
  const asked = fields.texts('rewards', { single: true }) ?? outer?.texts('rewards', { single: true })
  const rewards = asked ?? fitting.map(({ name }) => name)
  for (const name of rewards) {
    if (desk.known.named(name).mix)
      throw invalid(`${name} is a combination: rank by it with \`combine\`, and name what it is made of.`)
  }
  if (rewards.length === 0)
    throw invalid('What this server has ranks by a prompt, and there is none. Send `prompt`.')
  const own = orderOf(fields)
  // The server's own rule where none is asked for and all it needs is there.
  const whole = rewards.length === desk.known.scorers.length && rewards.length > 1
  const house = whole ? { combine: desk.known.rule, weights: desk.known.weights } : {}
  const order = { ...house, ...usual, ...own }
  checkOrder(rewards, order, desk)
  return {
    id: fields.text('id'),
    prompt,
    images: requiredImages(fields),
    rewards: [...new Set(rewards)],
    order,
  }
}

/** Options that do not fit should fail before the work, not after. */
function checkOrder(rewards: readonly string[], order: OrderOptions, desk: ScorerDesk): void {
  const kinds = desk.known.scorers.map(({ kind }) => kind).filter(({ name }) => rewards.includes(name))
  const logits = kinds.filter((kind): kind is HeadKind => !kind.takesPrompt).map(logitKey)
  const sample = Object.fromEntries([...kinds.map(({ name }) => name), ...logits].map((key) => [key, 0]))
  const { combine } = order
  rankScores([{ index: 0, scores: sample }], {
    ...order,
    combine: typeof combine === 'function' ? () => 0 : combine,
  })
}

/** Only what is given, so that it can lie over what else holds. */
function orderOf(fields: Fields): OrderOptions {
  const combine = fields.oneOf<AnyRule>('combine', combineRules())
  const weights = fields.numbers('weights') as Partial<Weights> | undefined
  const thresholds = fields.numbers('thresholds')
  const topK = fields.whole('top')
  return {
    ...(combine === undefined ? {} : { combine }),
    ...(weights === undefined ? {} : { weights }),
    ...(thresholds === undefined ? {} : { thresholds }),
    ...(topK === undefined ? {} : { topK }),
  }
}

/** All groups that ask for the same rewards in one visit to the desk. */
async function scoreGroups(
  desk: ScorerDesk,
  groups: readonly Group[],
  sent: readonly (readonly SentPicture[])[],
  signal: AbortSignal,
): Promise<readonly (readonly ScoreOutcome[])[]> {
  const outcomes: ScoreOutcome[][] = groups.map(() => [])
  const together = new Map<string, number[]>()
  groups.forEach(({ rewards }, g) => {
    const key = rewards.join()
    together.set(key, [...(together.get(key) ?? []), g])
  })
  await Promise.all(
    [...together.values()].map(async (places) => {
      const items = places.flatMap((g) =>
        sent[g]!.map((picture) => ({ g, picture, prompt: groups[g]!.prompt })),
      )
      const scored = await scoreSent(desk, groups[places[0]!]!.rewards, items, signal)
      scored.forEach((outcome, i) => outcomes[items[i]!.g]!.push(outcome))
    }),
  )
  return outcomes
}

function rankingOf(
  { id, prompt, order, rewards }: Group,
  pictures: readonly SentPicture[],
  outcomes: readonly ScoreOutcome[],
): object {
  const scored: { index: number; scores: Scores }[] = []
  const failed: object[] = []
  outcomes.forEach((outcome, index) => {
    if ('error' in outcome) failed.push(failureOf(index, pictures[index]!, outcome.error))
    else scored.push({ index, scores: withLogits(outcome) })
  })
  const head = { ...(id === undefined ? {} : { id }), ...(prompt === undefined ? {} : { prompt }) }
  if (scored.length === 0) return { ...head, combine: order.combine ?? rewards[0], results: [], failed }
  const { results, ...ranking } = rankScores(scored, order)
  return {
    ...head,
    ...ranking,
    results: results.map(({ index, ...result }) => ({ ...placeOf(index, pictures[index]!), ...result })),
    failed,
  }
}

/** As rules know them: `hpLogit` beside `hp`. */
function withLogits({ scores, logits }: Extract<ScoreOutcome, { scores: unknown }>): Scores {
  const keyed = Object.entries(logits).map(([name, logit]) => [logitKey({ name } as HeadKind), logit])
  return { ...scores, ...(Object.fromEntries(keyed) as Scores) }
}
