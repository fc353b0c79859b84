import { type AsyncBuffer, type Compressors, parquetMetadataAsync, parquetReadObjects } from 'hyparquet'
import { textOrBytes } from '../../text/text-or-bytes.ts'
import { invalidTable, type Table, type TableRow } from './table.ts'

/** What is said to be text and is not UTF-8 stays bytes. */
const parsers = { stringFromBytes: (bytes: Uint8Array | undefined) => bytes && textOrBytes(bytes) }
/** Rows in memory at a time. */
const ROWS_AT_ONCE = 10_000

/** A Parquet file's columns and rows; what is not asked for is not read. Throws `InputError` `input_invalid_table`. */
export async function parquetTable(
  file: AsyncBuffer,
  where: string,
  compressors: Compressors,
): Promise<Table> {
  const metadata = await orInvalid(where, () => parquetMetadataAsync(file))
  const rows = Number(metadata.num_rows)
  return {
    where,
    unit: 'row',
    columns: topLevel(metadata.schema),
    async *read(columns): AsyncGenerator<TableRow> {
      for (let at = 0; at < rows; at += ROWS_AT_ONCE) {
        const rowEnd = Math.min(rows, at + ROWS_AT_ONCE)
        const some = await orInvalid(where, () =>
          parquetReadObjects({
            file,
            metadata,
            columns: [...columns],
            rowStart: at,
            rowEnd,
            compressors,
            parsers,
          }),
        )
        for (const [i, cells] of some.entries()) yield { place: at + i + 1, cells }
      }
    },
  }
}

type Schema = Awaited<ReturnType<typeof parquetMetadataAsync>>['schema']

/** The schema is a tree, written down depth first; the root's children are the columns. */
function topLevel(schema: Schema): string[] {
  const names: string[] = []
  const skip = (at: number): number => {
    let next = at + 1
    for (let child = 0; child < (schema[at]?.num_children ?? 0); child++) next = skip(next)
    return next
  }
  for (let at = 1; at < schema.length; at = skip(at)) names.push(schema[at]!.name)
  return names
}

async function orInvalid<T>(where: string, read: () => Promise<T>): Promise<T> {
  try {
    return await read()
  } catch (cause) {
    const error = invalidTable(where, `it cannot be read as Parquet: ${(cause as Error).message}`)
    throw Object.assign(error, { cause })
  }
}
