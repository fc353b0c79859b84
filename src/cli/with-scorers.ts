import type { InferenceBackend } from '../backend/backend.ts'
import type { ImageDecoder } from '../image/decoder.ts'
import type { RewardKind } from '../models/kinds.ts'
import { type RunLabel, runLabel } from '../ranking/run-label.ts'
import type { Scorer } from '../scorers/scorer.ts'
import type { TextScorer, TextScorerParts } from '../scorers/text-scorer.ts'
import { remoteOptions } from './backend-option.ts'
import type { ImageFlags, ModelFlags } from './common-options.ts'
import type { Context } from './context.ts'
import { UsageError } from './exit-codes.ts'

export interface LoadedScorers {
  /** In the order of their records. */
  readonly scorers: readonly Scorer[]
  /** The first of them that takes a prompt. */
  readonly reader?: TextScorer | undefined
  readonly label: RunLabel
}

export interface WithScorersOptions {
  /** May look at what is decoded. */
  readonly watch?: ((decoder: ImageDecoder) => ImageDecoder) | undefined
  /** Decoding threads end after so long without work. */
  readonly idleSeconds?: number | undefined
}

/** Loads the scorers on one backend and one decoder, works with them, and frees them however the work ends. */
export async function withScorers<T>(
  context: Context,
  kinds: readonly RewardKind[],
  flags: ModelFlags & ImageFlags,
  { watch = (decoder) => decoder, idleSeconds }: WithScorersOptions,
  work: (scorers: LoadedScorers) => Promise<T>,
): Promise<T> {
  const { io, terminal } = context
  const { signal, services, env } = io
  const owned: { dispose(): Promise<void> }[] = []
  const own = <P extends { dispose(): Promise<void> }>(part: P): P => {
    owned.unshift(part)
    return part
  }
  try {
    const remote = remoteOptions(flags, env)
    if (remote && flags.threads !== undefined)
      throw new UsageError('--threads is for towers that run here, and --backend runs them elsewhere.')
    const backend: InferenceBackend = own(
      await (remote ? services.remoteBackend(remote) : services.backend()),
    )
    const { cuttingDecoder } = await import('../image/cut-image.ts')
    const decoder: ImageDecoder = watch(
      cuttingDecoder(own(await services.decoder({ sharp: flags.sharp, idleSeconds }))),
    )
    const runtime = { backend, decoder, hub: await services.hub() }
    const { source, notes } =
      flags.model === undefined ? await services.defaultModel(env) : { source: flags.model, notes: [] }
    const { revision, device, dtype, batchSize, threads, maxPixels } = flags
    const options = {
      notes,
      revision,
      device,
      dtype,
      batchSize,
      threads,
      maxPixels,
      signal,
      onProgress: terminal.progress,
    }
    const [{ TextScorer }, { HeadScorer }, { loadScorer }] = await Promise.all([
      import('../scorers/text-scorer.ts'),
      import('../scorers/head-scorer.ts'),
      import('../scorers/load-scorer.ts'),
    ])
    const scorers: Scorer[] = []
    for (const kind of kinds) {
      const parts = await loadScorer(kind, source, runtime, options)
      scorers.push(own(kind.takesPrompt ? new TextScorer(parts as TextScorerParts) : new HeadScorer(parts)))
    }
    const infos = scorers.map(({ info }) => info)
    for (const note of new Set(infos.flatMap(({ notes }) => notes))) terminal.note(note)
    const reader = scorers.find((scorer) => scorer instanceof TextScorer)
    return await work({ scorers, reader, label: runLabel(infos) })
  } finally {
    for (const part of owned) await part.dispose()
  }
}
