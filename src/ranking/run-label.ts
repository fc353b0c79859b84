import { hidePasswords } from '../base/hide-passwords.ts'
import type { PerKind } from '../models/kinds.ts'
import type { ScorerInfo } from '../scorers/scorer-options.ts'

/** What ran, as results are labelled with it. */
export interface RunLabel {
  /** The folder, URL or repository. */
  readonly model: string
  readonly device: string
  /** `ict:A,hp:B` where they differ. */
  readonly dtype: string
  /** The models in it by name, for example `8y/ICT`. */
  readonly models: PerKind<string>
}

/** The label of scorers that run together, in the order of their records. */
export function runLabel(infos: readonly ScorerInfo[]): RunLabel {
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

/** `8y/ICT + 8y/HP`. */
export const modelNames = ({ models }: Pick<RunLabel, 'models'>): string => Object.values(models).join(' + ')
