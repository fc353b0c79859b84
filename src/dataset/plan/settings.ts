import { DatasetError } from '../../base/errors.ts'
import type { ModelKind } from '../../models/kinds.ts'
import type { ColumnNames } from '../sources/shard.ts'

/** `row`: what the shard says of an image (its caption column, the text beside it); the others read the picture's file. */
export const PROMPT_PLACES = ['row', 'metadata', 'name'] as const
export type PromptPlace = (typeof PROMPT_PLACES)[number]

export const PART_FORMATS = ['parquet', 'ndjson'] as const
export type PartFormat = (typeof PART_FORMATS)[number]
export const EMBEDDING_TYPES = ['float16', 'float32'] as const
export type EmbeddingType = (typeof EMBEDDING_TYPES)[number]

/** What all parts of an output have in common, whoever writes them. */
export interface DatasetSettings {
  /** Reward models by name. */
  readonly kinds: readonly ModelKind[]
  /** One for all images. */
  readonly prompt?: string
  readonly promptFrom?: PromptPlace
  /** Prompts without weights, tags and scheduling. */
  readonly plain?: true
  readonly columns?: ColumnNames
  readonly format: PartFormat
  readonly embeddings?: EmbeddingType
}

/** The models that scored, as their numbers depend on it. */
export interface DatasetModels {
  readonly [kind: string]: {
    readonly model: string
    readonly dtype: string
    /** Length of an embedding. */
    readonly dim: number
    readonly digest?: string
  }
}

/** Throws `DatasetError` `dataset_settings_differ` where the two are not the same. */
export function requireSame(held: object, asked: object, where: string): void {
  const [old, now] = [held, asked] as Record<string, unknown>[]
  const differ = [...new Set([...Object.keys(old!), ...Object.keys(now!)])].filter(
    (key) => JSON.stringify(old![key]) !== JSON.stringify(now![key]),
  )
  if (differ.length === 0) return
  const told = differ.map((key) => `${key}: ${text(old![key])}, now ${text(now![key])}`).join('; ')
  throw new DatasetError(
    'dataset_settings_differ',
    `${where} holds scores that were made otherwise (${told}). Use the same options, or another --out.`,
    { store: where, held, asked },
  )
}

const text = (value: unknown): string => (value === undefined ? 'not set' : JSON.stringify(value))
