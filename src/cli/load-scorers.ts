import type { InferenceBackend } from '../backend/backend.ts'
import { hidePasswords } from '../base/hide-passwords.ts'
import type { ImageDecoder } from '../image/decoder.ts'
import { HP, ICT, type ModelKind } from '../models/kinds.ts'
import type { HpScorer } from '../scorers/hp-scorer.ts'
import type { IctScorer } from '../scorers/ict-scorer.ts'
import type { ScorerInfo } from '../scorers/scorer-options.ts'
import type { TextScorerParts } from '../scorers/text-scorer.ts'
import type { ImageFlags, ModelFlags } from './common-options.ts'
import type { Context } from './context.ts'

export interface LoadedScorers {
  readonly ict?: IctScorer
  readonly hp?: HpScorer
  readonly label: RunLabel
}

/** What ran, as results are labelled with it. */
export interface RunLabel {
  /** The folder, URL or repository. */
  readonly model: string
  readonly device: string
  /** `ict:A,hp:B` where they differ. */
  readonly dtype: string
  /** The models in it by name, for example `8y/ICT`. */
  readonly models: Partial<Record<ModelKind, string>>
}

/**
 * Loads the scorers on one backend and one decoder, works with them, and frees them however the work ends. `watch` may
 * look at what is decoded.
 */
export async function withScorers<T>(
  context: Context,
  kinds: readonly ModelKind[],
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
    const decoder: ImageDecoder = watch(own(await services.decoder({ sharp: flags.sharp })))
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
    const [{ IctScorer: Ict }, { HpScorer: Hp }, { loadScorer }] = await Promise.all([
      import('../scorers/ict-scorer.ts'),
      import('../scorers/hp-scorer.ts'),
      import('../scorers/load-scorer.ts'),
    ])
    const ict = kinds.includes(ICT.name)
      ? own(new Ict((await loadScorer(ICT, source, runtime, options)) as TextScorerParts))
      : undefined
    const hp = kinds.includes(HP.name)
      ? own(new Hp(await loadScorer(HP, source, runtime, options)))
      : undefined
    const infos = [ict?.info, hp?.info].filter((info) => info !== undefined)
    for (const note of new Set(infos.flatMap(({ notes }) => notes))) terminal.note(note)
    return await work({ ...(ict ? { ict } : {}), ...(hp ? { hp } : {}), label: labelOf(infos) })
  } finally {
    for (const part of owned) await part.dispose()
  }
}

/** `8y/ICT + 8y/HP`. */
export const modelNames = ({ models }: Pick<RunLabel, 'models'>): string => Object.values(models).join(' + ')

function labelOf(infos: readonly ScorerInfo[]): RunLabel {
  const joined = (key: 'device' | 'dtype'): string =>
    new Set(infos.map((info) => info[key])).size === 1
      ? infos[0]![key]
      : infos.map((info) => `${info.kind}:${info[key]}`).join(',')
  return {
    model: hidePasswords(infos[0]!.source),
    device: joined('device'),
    dtype: joined('dtype'),
    models: Object.fromEntries(infos.map(({ kind, model }) => [kind, model])),
  }
}
