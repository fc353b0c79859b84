import { createHash } from 'node:crypto'
import { identityOf, nameOf } from '../sources/address.ts'
import { type FoundInput, imagesBelow } from '../sources/find-inputs.ts'
import { linesOf } from '../sources/jsonl-shard.ts'
import type { Shard } from '../sources/shard.ts'
import { openAddress } from '../store/open-store.ts'
import type { Store } from '../store/store.ts'
import { readFileList, writeFileList } from './file-list.ts'

interface Planned {
  readonly shards: readonly Shard[]
}
interface CutOptions {
  readonly shardSize: number
  readonly signal?: AbortSignal | undefined
}

/** Cuts a source into shards: a tar or Parquet file is one; a JSONL file and loose images are cut by count. */
export async function* cutInput(
  out: Store,
  input: FoundInput,
  planned: Planned | undefined,
  options: CutOptions,
): AsyncGenerator<Shard> {
  const { kind, address, size } = input
  if (kind === 'files') yield* cutFiles(out, input, planned, options)
  else if (kind === 'jsonl') yield* cutLines(address, size!, options)
  else yield { id: idOf(nameOf(address), identityOf(address)), kind, address, size: size! }
}

/** Readable, and the same for the same place: its name, and a hash of all that makes it. */
function idOf(name: string, identity: string): string {
  const readable =
    name
      .replace(/[^\w.-]+/g, '-')
      .replace(/^[.-]+/, '')
      .slice(0, 60) || 'shard'
  return `${readable}-${createHash('sha256').update(identity).digest('hex').slice(0, 10)}`
}

async function* cutLines(
  address: string,
  size: number,
  { shardSize, signal }: CutOptions,
): AsyncGenerator<Shard> {
  const { store, key } = openAddress(address)
  let start = 0
  let end = 0
  let rows = 0
  const cut = (): Shard => {
    const range = { start, end }
    const id = idOf(`${nameOf(address)}-${start}`, `${identityOf(address)}\n${start}-${end}`)
    return { id, kind: 'jsonl', address, size, range, rows }
  }
  for await (const line of linesOf(store.stream(key, undefined, signal), address)) {
    end = line.end
    if (++rows < shardSize) continue
    yield cut()
    start = end
    rows = 0
  }
  if (rows > 0) yield cut()
}

/** Images that no shard has yet, in their order; names lie in lists of their own, so that a plan stays small. */
async function* cutFiles(
  out: Store,
  { address, names }: FoundInput,
  planned: Planned | undefined,
  { shardSize, signal }: CutOptions,
): AsyncGenerator<Shard> {
  const old = (planned?.shards ?? []).filter((shard) => shard.kind === 'files' && shard.address === address)
  const known = new Set<string>()
  for (const { id } of old) for (const name of await readFileList(out, id)) known.add(name)
  let number = old.length
  let list: string[] = []
  const cut = async (): Promise<Shard> => {
    const name = `${nameOf(address) || 'images'}-${String(number++).padStart(5, '0')}`
    const id = idOf(name, [address, ...list].join('\n'))
    await writeFileList(out, id, list)
    return { id, kind: 'files', address, rows: list.length }
  }
  for await (const image of names ?? imagesBelow(address, signal)) {
    if (known.has(image)) continue
    list.push(image)
    if (list.length < shardSize) continue
    yield await cut()
    list = []
  }
  if (list.length > 0) yield await cut()
}
