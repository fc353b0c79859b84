import type { ScorerDesk } from '../desk/scorer-desk.ts'
import type { FetchPicture } from '../http/take-pictures.ts'

/** What the native routes are made with. */
export interface NativeOptions {
  readonly desk: ScorerDesk
  readonly fetchPicture: FetchPicture | undefined
}

/** The models' names by reward, for example `{ "ict": "8y/ICT" }`. */
export const modelNames = ({ known }: ScorerDesk): Record<string, string> =>
  Object.fromEntries(known.scorers.map(({ kind, info }) => [kind.name, info.model]))

/** Which rewards are meant where none is named: all that can be had with the prompts, or without. */
export function usualRewards({ rewards }: ScorerDesk, prompted: boolean): string[] {
  return rewards.filter(({ takesPrompt }) => prompted || !takesPrompt).map(({ name }) => name)
}
