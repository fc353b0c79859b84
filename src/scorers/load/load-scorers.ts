import { InputError, show } from '../../base/errors.ts'
import { allKinds, type RewardKind } from '../../models/kinds.ts'
import type { Runtime } from '../../runtime.ts'
import { checkOptions } from '../check-options.ts'
import { HeadScorer } from '../head-scorer.ts'
import type { Scorer } from '../scorer.ts'
import { TextScorer, type TextScorerParts } from '../text-scorer.ts'
import { type LoadOptions, loadScorer } from './load-scorer.ts'

/** Scorers that were loaded together, and are freed together. */
export interface LoadedScorers extends AsyncDisposable {
  /** In the order in which their records were given. */
  readonly scorers: readonly Scorer[]
  /** The first of them that takes a prompt. */
  readonly reader: TextScorer | undefined
  /** Frees the scorers, the last first; what they run on is the caller's. Idempotent. */
  dispose(): Promise<void>
}

/**
 * Loads the scorers of several reward models from one source onto one runtime: one backend for all towers, one decoder. Where one
 * of them cannot be loaded, those before it are freed. Throws `ModelError`, `DeviceError`, `DownloadError`,
 * `InputError`.
 */
export async function loadScorers(
  kinds: readonly RewardKind[],
  source: string | URL,
  runtime: Runtime,
  options: LoadOptions = {},
): Promise<LoadedScorers> {
  checkGiven(kinds, runtime)
  checkOptions(options, 'loadScorers')
  const scorers: Scorer[] = []
  let disposing: Promise<void> | undefined
  const dispose = (): Promise<void> => (disposing ??= freeAll(scorers))
  try {
    for (const kind of kinds) scorers.push(await scorerOf(kind, source, runtime, options))
  } catch (error) {
    await dispose()
    throw error
  }
  const reader = scorers.find((scorer) => scorer instanceof TextScorer)
  return { scorers, reader, dispose, [Symbol.asyncDispose]: dispose }
}

/** As JavaScript callers pass them. Throws `InputError` `input_invalid_option`. */
function checkGiven(kinds: unknown, runtime: unknown): void {
  const known: readonly unknown[] = allKinds()
  if (!Array.isArray(kinds) || !kinds.every((kind) => known.includes(kind)))
    throw invalid(`loadScorers takes a list of reward models, [ICT, HP], not ${show(kinds)}.`)
  const parts = runtime as Partial<Record<string, unknown>> | null | undefined
  if (
    !['backend', 'decoder', 'hub'].every((part) => typeof parts?.[part] === 'object' && parts[part] !== null)
  )
    throw invalid(`A runtime is { backend, decoder, hub }, not ${show(runtime)}.`)
}

const invalid = (message: string): InputError => new InputError('input_invalid_option', message)

async function scorerOf(...given: Parameters<typeof loadScorer>): Promise<Scorer> {
  const [kind] = given
  const parts = await loadScorer(...given)
  return kind.takesPrompt ? new TextScorer(parts as TextScorerParts) : new HeadScorer(parts)
}

async function freeAll(scorers: readonly Scorer[]): Promise<void> {
  for (const scorer of [...scorers].reverse()) await scorer.dispose()
}
