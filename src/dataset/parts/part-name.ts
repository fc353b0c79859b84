import type { PartFormat } from '../plan/settings.ts'
import type { Store } from '../store/store.ts'

const PARTS = 'parts/'

/** A part as its name tells it. */
export interface PartName {
  readonly key: string
  readonly shard: string
  /** How often its failed rows were made anew. */
  readonly generation: number
  readonly format: PartFormat
  /** In bytes. */
  readonly size: number
}

/** `parts/SHARD.parquet`, and `parts/SHARD.r1.parquet` after failed rows were made anew. */
export const partKey = (shard: string, generation: number, format: PartFormat): string =>
  `${PARTS}${shard}${generation > 0 ? `.r${generation}` : ''}.${format}`

/** Undefined for what is no part by its name. */
function parsePartKey(key: string, size: number): PartName | undefined {
  const [, shard, generation, format] = /^parts\/([^/]+?)(?:\.r(\d{1,6}))?\.(parquet|ndjson)$/.exec(key) ?? []
  if (shard === undefined) return undefined
  return { key, shard, generation: Number(generation ?? 0), format: format as PartFormat, size }
}

/** The parts that are there. */
export interface Parts {
  /** The last generation of each shard. */
  readonly current: ReadonlyMap<string, PartName>
  /** Of an earlier generation: no longer counted, and taken away when a shard is looked at. */
  readonly superseded: readonly PartName[]
  /** Two of one generation: one of them is not ours. */
  readonly twice: readonly PartName[]
  /** Files that are no parts. */
  readonly strange: readonly string[]
}

export async function listParts(out: Store, signal?: AbortSignal): Promise<Parts> {
  const current = new Map<string, PartName>()
  const superseded: PartName[] = []
  const twice: PartName[] = []
  const strange: string[] = []
  for await (const { key, size } of out.list(PARTS, signal)) {
    const part = parsePartKey(key, size)
    if (!part) {
      strange.push(key)
      continue
    }
    const other = current.get(part.shard)
    if (!other || other.generation < part.generation) {
      current.set(part.shard, part)
      if (other) superseded.push(other)
    } else (other.generation === part.generation ? twice : superseded).push(part)
  }
  return { current, superseded, twice, strange }
}
