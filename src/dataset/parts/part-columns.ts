import type { SchemaElement } from 'hyparquet-writer'
import { toFloat16 } from '../../convert/graph/graph-builder.ts'
import { kindNamed, logitKey, type ModelKind } from '../../models/kinds.ts'
import type { DatasetSettings, EmbeddingType } from '../plan/settings.ts'
import type { Row } from './row.ts'

/** A column of a part: its type, and a row's value in it. */
export interface PartColumn {
  readonly name: string
  readonly element: SchemaElement
  readonly value: (row: Row) => unknown
}

/** What a part is made of. */
export interface PartShape extends Pick<DatasetSettings, 'kinds' | 'format' | 'embeddings'> {
  /** Length of an embedding, by model. */
  readonly dims: Readonly<Record<string, number>>
}

export const embeddingColumn = (kind: ModelKind): string => `${kind}_embedding`

/** In their order: place, name, scores with logits, size, error, embeddings. */
export function partColumns({ kinds, embeddings, dims }: PartShape): PartColumn[] {
  return [
    { name: 'index', element: column('index', 'INT32', true), value: ({ index }) => index },
    { name: 'key', element: text('key', true), value: ({ key }) => key },
    ...scoreKeys(kinds).map((name) => ({
      name,
      element: column(name, 'DOUBLE'),
      value: ({ scores }: Row) => scores?.[name],
    })),
    { name: 'width', element: column('width', 'INT32'), value: ({ width }) => width },
    { name: 'height', element: column('height', 'INT32'), value: ({ height }) => height },
    { name: 'error', element: text('error'), value: ({ error }) => error },
    { name: 'message', element: text('message'), value: ({ message }) => message },
    ...(embeddings ? kinds.map((kind) => embedding(kind, embeddings, dims[kind]!)) : []),
  ]
}

/** `ict`, `hp`, `hpLogit`: as results of the library have them. */
export const scoreKeys = (kinds: readonly ModelKind[]): string[] =>
  kinds.flatMap((name) => {
    const kind = kindNamed(name)
    return kind.takesPrompt ? [name] : [name, logitKey(kind)]
  })

function embedding(kind: ModelKind, type: EmbeddingType, length: number): PartColumn {
  const name = embeddingColumn(kind)
  const bytes = length * (type === 'float16' ? 2 : 4)
  return {
    name,
    element: { name, type: 'FIXED_LEN_BYTE_ARRAY', type_length: bytes, repetition_type: 'OPTIONAL' },
    value: ({ embeddings, packed }) => packed?.[kind] ?? packEmbedding(embeddings?.[kind], type),
  }
}

/** Little-endian, as all machines that Node runs on have them. */
function packEmbedding(values: Float32Array | undefined, type: EmbeddingType): Uint8Array | undefined {
  if (!values) return undefined
  const { buffer, byteOffset, byteLength } = type === 'float16' ? toFloat16(values) : values
  return new Uint8Array(buffer, byteOffset, byteLength)
}

const column = (name: string, type: 'INT32' | 'DOUBLE', required = false): SchemaElement => ({
  name,
  type,
  repetition_type: required ? 'REQUIRED' : 'OPTIONAL',
})

const text = (name: string, required = false): SchemaElement => ({
  name,
  type: 'BYTE_ARRAY',
  converted_type: 'UTF8',
  repetition_type: required ? 'REQUIRED' : 'OPTIONAL',
})
