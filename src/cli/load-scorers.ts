import type { InferenceBackend } from '../backend/backend.ts'
import type { ImageDecoder } from '../image/decoder.ts'
import type { RewardKind } from '../models/kinds.ts'
import { type RunLabel,runLabel } from '../ranking/run-label.ts'
import type { Scorer } from '../scorers/scorer.ts'
import type { TextScorer, TextScorerParts } from '../scorers/text-scorer.ts'
import type { ImageFlags, ModelFlags } from './common-options.ts'
import type { Context } from './context.ts'

export interface LoadedScorers {
  /** In the order of their records. */
  readonly scorers: readonly Scorer[]
  /** The first of them that takes a prompt. */
  readonly reader?: TextScorer | undefined
  readonly label: RunLabel
}

/**
 * Loads the scorers on one backend and one decoder, works with them, and frees them however the work ends. `watch` may
 * look at what is decoded.
 */
export async function withScorers<T>(
  context: Context,
  kinds: readonly RewardKind[],
  flags: ModelFlags & ImageFlags,
  {
    watch = (decoder) => decoder,
  }: { readonly watch?: ((decoder: ImageDecoder) => ImageDecoder) | undefined },
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
    const backend: InferenceBackend = own(await services.backend())
    const { cuttingDecoder } = await import('../image/cut-image.ts')
    const decoder: ImageDecoder = watch(cuttingDecoder(own(await services.decoder({ sharp: flags.sharp }))))
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
