import { type FileHandle, open } from 'node:fs/promises'
import { dirname } from 'node:path'
import { ParquetWriter } from 'hyparquet-writer'
import { fileWriter } from 'hyparquet-writer/src/node.js'
import { VERSION } from '../../base/version.ts'
import type { PartFormat } from '../plan/settings.ts'
import { diskFailure } from '../store/disk-failure.ts'
import type { PartColumn } from './part-columns.ts'
import type { Row } from './row.ts'

/** Rows on their way to a file. A part that was not closed is no part. */
export interface PartWriter {
  /** Rows in the order in which they are to lie there. */
  write(rows: readonly Row[]): Promise<void>
  /** Those that were written are in the file. */
  flush(): Promise<void>
  close(): Promise<void>
  /** Lets go of the file, whose rows nobody wants. Idempotent, and does nothing after `close`. */
  abandon(): Promise<void>
}

/** Rows that are held until they are written. */
const GROUP = 1000

/** What a file says of its rows, beside them. */
interface PartCounts {
  readonly shard: string
  readonly rows: number
  readonly failed: number
}

/** Writes a part to a file of this machine, a row group at a time. Its methods throw `DatasetError` `dataset_store_failed`. */
export async function openPartWriter(
  path: string,
  format: PartFormat,
  columns: readonly PartColumn[],
  shard: string,
): Promise<PartWriter> {
  const told = async <T>(work: () => Promise<T>): Promise<T> => {
    try {
      return await work()
    } catch (cause) {
      // Others than the disk's are faults of ours.
      throw (cause as NodeJS.ErrnoException).code === undefined ? cause : diskFailure(dirname(path), cause)
    }
  }
  const writer = await told<PartWriter>(async () =>
    format === 'parquet' ? new ParquetPart(path, columns, shard) : NdjsonPart.open(path, columns),
  )
  return {
    write: (rows) => told(() => writer.write(rows)),
    flush: () => told(() => writer.flush()),
    close: () => told(() => writer.close()),
    abandon: () => told(() => writer.abandon()),
  }
}

class ParquetPart implements PartWriter {
  readonly #columns: readonly PartColumn[]
  readonly #writer: ParquetWriter
  readonly #shard: string
  #rows: Row[] = []
  #written = 0
  #failed = 0

  constructor(path: string, columns: readonly PartColumn[], shard: string) {
    this.#columns = columns
    this.#shard = shard
    const root = { name: 'root', num_children: columns.length }
    this.#writer = new ParquetWriter({
      writer: fileWriter(path),
      schema: [root, ...columns.map(({ element }) => element)],
      createdBy: `icthp version ${VERSION}`,
    })
  }

  async write(rows: readonly Row[]): Promise<void> {
    for (const row of rows) this.#rows.push(row)
    while (this.#rows.length >= GROUP) await this.#group(this.#rows.splice(0, GROUP))
  }

  async #group(rows: readonly Row[]): Promise<void> {
    this.#written += rows.length
    this.#failed += rows.filter(({ error }) => error !== undefined).length
    await this.#writer.write({
      columnData: this.#columns.map(({ name, element, value }) => ({
        name,
        data: rows.map(value),
        // Embeddings do not shrink, and their least and greatest say nothing.
        ...(element.type === 'FIXED_LEN_BYTE_ARRAY'
          ? { codec: 'UNCOMPRESSED' as const, encoding: 'PLAIN' as const, statistics: false }
          : {}),
      })),
      rowGroupSize: GROUP,
    })
  }

  async flush(): Promise<void> {
    if (this.#rows.length > 0) await this.#group(this.#rows.splice(0))
  }

  async close(): Promise<void> {
    await this.flush()
    const counts: PartCounts = { shard: this.#shard, rows: this.#written, failed: this.#failed }
    this.#writer.kvMetadata = [{ key: 'icthp', value: JSON.stringify(counts) }]
    await this.#writer.finish()
  }

  /** The file is open only while it is written to. */
  async abandon(): Promise<void> {}
}

/** A line a row; embeddings as base64. */
class NdjsonPart implements PartWriter {
  private constructor(
    private readonly file: FileHandle,
    private readonly columns: readonly PartColumn[],
  ) {}

  static async open(path: string, columns: readonly PartColumn[]): Promise<NdjsonPart> {
    return new NdjsonPart(await open(path, 'wx'), columns)
  }

  async write(rows: readonly Row[]): Promise<void> {
    await this.file.appendFile(rows.map((row) => ndjsonLine(row, this.columns)).join(''))
  }

  async flush(): Promise<void> {}

  close(): Promise<void> {
    return this.file.close()
  }

  abandon(): Promise<void> {
    return this.file.close()
  }
}

function ndjsonLine(row: Row, columns: readonly PartColumn[]): string {
  const values = columns.map(({ name, value }) => [name, plain(value(row))])
  return `${JSON.stringify(Object.fromEntries(values))}\n`
}

const plain = (value: unknown): unknown =>
  value instanceof Uint8Array
    ? Buffer.from(value.buffer, value.byteOffset, value.byteLength).toString('base64')
    : value
