import { IcthpError } from '../../base/errors.ts'
import type { ScorerDesk } from '../desk/scorer-desk.ts'
import { errorBody } from '../http/error-answer.ts'
import type { SentPicture } from '../http/take-pictures.ts'
import type { ScoreOutcome } from '../reward-desk.ts'

/** A picture of a request, with a prompt. */
export interface SentItem {
  readonly picture: SentPicture
  readonly prompt?: string | undefined
}

/** Scores what could be read, and puts the rest's errors into their places. */
export async function scoreSent(
  desk: ScorerDesk,
  rewards: readonly string[],
  items: readonly SentItem[],
  signal: AbortSignal,
): Promise<ScoreOutcome[]> {
  const read = items.flatMap(({ picture: { image }, prompt }) =>
    image instanceof IcthpError ? [] : [{ image, prompt }],
  )
  const scored = await desk.score(rewards, read, { signal })
  let next = 0
  return items.map(({ picture: { image } }) =>
    image instanceof IcthpError ? { error: image } : scored[next++]!,
  )
}

/** How an answer names a picture. */
export const placeOf = (index: number, { name }: SentPicture): { index: number; name?: string } => ({
  index,
  ...(name === undefined ? {} : { name }),
})

export const failureOf = (index: number, picture: SentPicture, error: IcthpError): object => ({
  ...placeOf(index, picture),
  ...errorBody(error),
})
