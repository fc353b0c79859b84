import type { IcthpError } from '../base/errors.ts'

/** One picture that is to be scored. */
export interface ScoreItem {
  /** The file as it was sent: its bytes, encoded. */
  readonly image: Uint8Array
  /** Needed where a reward takes one. */
  readonly prompt?: string | undefined
}

/** What became of an item: numbers, or why there are none. A failed image is never a number. */
export type ScoreOutcome =
  | {
      /** The score of each reward that was asked for, by name. */
      readonly scores: Readonly<Record<string, number>>
      /** Of rewards that have one, by name. */
      readonly logits: Readonly<Record<string, number>>
    }
  | { readonly error: IcthpError }

/** What a reward is called and what it takes. */
export interface ServedReward {
  /** `ict`, `hp`, or `icthp` for the combination that the server was started with. */
  readonly name: string
  readonly label: string
  readonly takesPrompt: boolean
}

export interface DeskOptions {
  /** Aborted when the client goes away or its time is up. */
  readonly signal?: AbortSignal | undefined
}

/**
 * What every route asks, whatever its wire format: it waits in one queue, is batched with what others ask, and decodes
 * each picture once. Routes read a request and word an answer; nothing else.
 */
export interface RewardDesk {
  readonly rewards: readonly ServedReward[]
  /**
   * Scores the items with the named rewards, in their order. Throws `RequestError`: `request_unknown_reward`,
   * `request_invalid` (a prompt is missing; nothing is run), `request_overloaded` (with `details.retryAfter`, seconds),
   * `request_timeout`, `request_closing`; rejects with `signal.reason` where the client went away.
   */
  score(
    rewards: readonly string[],
    items: readonly ScoreItem[],
    options?: DeskOptions,
  ): Promise<readonly ScoreOutcome[]>
}
