import type { AnyRule, Weights } from '../../ranking/combine.ts'
import type { GroupedRanking, GroupedScores } from '../../ranking/rank-groups.ts'
import type { RankedImage } from '../../ranking/rank-scores.ts'
import type { RankedRows } from '../../ranking/results.ts'
import type { NamedImage } from '../named-image.ts'
import type { ScoringRun } from './scoring-run.ts'

export interface RankChoice {
  readonly combine: AnyRule
  readonly weights?: Partial<Weights> | undefined
  readonly top?: number | undefined
  readonly groupBy?: 'prompt' | 'none' | undefined
}

/** One ranking of all images, or one a group. */
export interface RankedRun {
  readonly ranking: Pick<GroupedRanking, 'combine' | 'weights'>
  readonly grouped: boolean
  readonly groups: readonly RankedSet[]
}

export interface RankedSet {
  /** Absent where all images are one group. */
  readonly group?: string
  readonly results: readonly RankedImage[]
}

/** Scores the images of a run, and ranks them within their groups where they have any. */
export async function rankRun(
  run: ScoringRun,
  { combine, weights, top, groupBy }: RankChoice,
): Promise<RankedRun> {
  const { rankGroups } = await import('../../ranking/rank-groups.ts')
  const { thresholds } = run
  // Prompts out of the images themselves are compared where that is asked for: they tell seeds and sizes apart, too.
  const grouped = groupBy === undefined ? run.paired : groupBy === 'prompt' && run.prompted
  const groupOf = (index: number): string => {
    if (!grouped) return ''
    const { group, prompt } = run.own(index)!
    return groupBy === 'prompt' ? prompt : (group ?? prompt)
  }
  const scored: GroupedScores[] = []
  for await (const { index, scores } of run.scores())
    scored.push({ index, scores: scores[0]!, group: groupOf(index) })
  const { groups, ...ranking } = rankGroups(scored, { combine, weights, topK: top, thresholds })
  return { ranking, grouped, groups: grouped ? groups : groups.map(({ results }) => ({ results })) }
}

/** As they are written. */
export const rowsOf = (run: ScoringRun, { group, results }: RankedSet): RankedRows => ({
  ...(group === undefined ? {} : { group }),
  results: results.map(({ index, ...result }) => {
    const own = run.own(index)
    return {
      image: run.image(index).name,
      ...(own ? { prompt: own.prompt } : {}),
      index: own?.place ?? index,
      ...result,
    }
  }),
})

/** Into the report and the sheet, where these are asked for. */
export async function reportRanking(run: ScoringRun, { ranking, groups }: RankedRun): Promise<void> {
  const { checked } = run
  await run.outputs?.write(run.context, run.scorers, {
    prompts: run.prompts,
    ranking,
    scored: run.scored,
    thresholds: run.thresholds,
    images: groups.flatMap(({ group, results }) =>
      results.map(({ index, passed, ...result }) => ({
        image: run.image(index),
        ...result,
        ...(group === undefined ? {} : { group }),
        ...(run.prompted ? { prompt: run.own(index)!.prompt } : {}),
        ...(checked ? { passed } : {}),
      })),
    ),
    failed: run.failed,
  })
}

/** The best of each group, but for those that do not pass. */
export const winnersOf = (run: ScoringRun, { groups }: RankedRun, top = 1): readonly NamedImage[] =>
  groups.flatMap(({ results }) =>
    results.flatMap(({ index, rank, passed }) => (rank <= top && passed ? [run.image(index)] : [])),
  )
