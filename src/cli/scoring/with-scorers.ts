import type { ImageDecoder } from '../../image/decoder.ts'
import type { RewardKind } from '../../models/kinds.ts'
import { type RunLabel, runLabel } from '../../ranking/run-label.ts'
import type { Runtime } from '../../runtime.ts'
import type { LoadedScorers } from '../../scorers/load/load-scorers.ts'
import type { Context } from '../context.ts'
import { UsageError } from '../exit-codes.ts'
import { remoteOptions } from '../options/backend-option.ts'
import type { ImageFlags, ModelFlags } from '../options/common-options.ts'

/** Scorers that a command works with, and what its results are labelled with. */
export interface RunScorers extends Pick<LoadedScorers, 'scorers' | 'reader'> {
  readonly label: RunLabel
}

export interface WithScorersOptions {
  /** May look at what is decoded. */
  readonly watch?: ((decoder: ImageDecoder) => ImageDecoder) | undefined
  /** Decoding threads end after so long without work. */
  readonly idleSeconds?: number | undefined
}

type Flags = ModelFlags & ImageFlags

/** Loads the scorers on what the flags say, works with them, and frees all of it however the work ends. */
export async function withScorers<T>(
  context: Context,
  kinds: readonly RewardKind[],
  flags: Flags,
  options: WithScorersOptions,
  work: (scorers: RunScorers) => Promise<T>,
): Promise<T> {
  const { io, terminal } = context
  const owned: { dispose(): Promise<void> }[] = []
  const own = <P extends { dispose(): Promise<void> }>(part: P): P => {
    owned.unshift(part)
    return part
  }
  try {
    const runtime = await runtimeOf(context, flags, options, own)
    const { source, notes } =
      flags.model === undefined ? await io.services.defaultModel(io.env) : { source: flags.model, notes: [] }
    const { revision, device, dtype, batchSize, threads, maxPixels } = flags
    const { loadScorers } = await import('../../scorers/load/load-scorers.ts')
    const { scorers, reader } = own(
      await loadScorers(kinds, source, runtime, {
        notes,
        revision,
        device,
        dtype,
        batchSize,
        threads,
        maxPixels,
        signal: io.signal,
        onProgress: terminal.progress,
      }),
    )
    const infos = scorers.map(({ info }) => info)
    for (const note of new Set(infos.flatMap((info) => info.notes))) terminal.note(note)
    return await work({ scorers, reader, label: runLabel(infos) })
  } finally {
    for (const part of owned) await part.dispose()
  }
}

async function runtimeOf(
  { io: { services, env } }: Context,
  flags: Flags,
  { watch = (decoder) => decoder, idleSeconds }: WithScorersOptions,
  own: <P extends { dispose(): Promise<void> }>(part: P) => P,
): Promise<Runtime> {
  const remote = remoteOptions(flags, env)
  if (remote && flags.threads !== undefined)
    throw new UsageError('--threads is for towers that run here, and --backend runs them elsewhere.')
  const backend = own(await (remote ? services.remoteBackend(remote) : services.backend()))
  const { cuttingDecoder } = await import('../../image/cut-image.ts')
  const decoder = watch(cuttingDecoder(own(await services.decoder({ sharp: flags.sharp, idleSeconds }))))
  return { backend, decoder, hub: await services.hub() }
}
