import { join } from 'node:path'
import { promptOfSidecar, SIDECAR_EXTENSIONS } from '../../prompts/sidecar.ts'
import { openAddress } from '../store/open-store.ts'
import type { ReadableStore } from '../store/store.ts'
import { isAddress, isWeb, resolveAddress, withoutQuery } from './address.ts'
import { readJsonl } from './jsonl-shard.ts'
import { damagedShard, missingImage, missingShard } from './missing.ts'
import { readParquet } from './parquet-shard.ts'
import type { ColumnNames, Sample, SampleOrProblem, Shard } from './shard.ts'
import { gunzip, readTar } from './tar/tar-shard.ts'

export interface OpenShardOptions {
  readonly columns?: ColumnNames | undefined
  /** Whether the text beside a loose image is asked for. */
  readonly sidecars?: boolean | undefined
  /** The images of a shard of loose files. */
  readonly files?: readonly string[] | undefined
  /** Rows that are needed; others may come without their image. Default all. */
  readonly wanted?: ((index: number) => boolean) | undefined
  readonly signal?: AbortSignal | undefined
}

/**
 * The images of a shard in their order, the same ones whenever it is read. Memory holds an image, a line or a row group. Throws
 * `DatasetError` (`dataset_source_invalid`, `dataset_shard_damaged`, `dataset_store_failed`).
 */
export async function* openShard(
  shard: Shard,
  options: OpenShardOptions = {},
): AsyncGenerator<SampleOrProblem> {
  const { address } = shard
  const { columns = {}, wanted, signal } = options
  if (shard.kind === 'files') return yield* readFiles(address, options)
  const { store, key } = openAddress(address)
  await requireSize(store, key, shard, signal)
  if (shard.kind === 'parquet') return yield* readParquet(store, key, columns, { address, signal })
  const pieces = store.stream(key, shard.range, signal)
  if (shard.kind === 'jsonl') return yield* readJsonl(pieces, columns, { address, signal })
  const plain = /\.t?gz$/i.test(isWeb(address) ? withoutQuery(address) : address)
    ? gunzip(pieces, address)
    : pieces
  yield* readTar(plain, { address, wanted })
}

async function requireSize(
  store: ReadableStore,
  key: string,
  { address, size }: Shard,
  signal: AbortSignal | undefined,
): Promise<void> {
  const now = await store.size(key, signal)
  if (now === undefined) throw missingShard(address)
  if (size !== undefined && now !== size)
    throw damagedShard(address, `it has ${now} bytes and had ${size} when it was planned`)
}

async function* readFiles(
  folder: string,
  { files = [], sidecars = false, wanted = () => true, signal }: OpenShardOptions,
): AsyncGenerator<SampleOrProblem> {
  for (const [index, key] of files.entries()) {
    const address = isAddress(key) ? key : join2(folder, key)
    const prompt = sidecars && wanted(index) ? await sidecarOf(address, signal) : undefined
    yield { index, key, image: fileImage(address, signal), prompt }
  }
}

/** Of a folder or prefix; images that were named one by one are absolute. */
const join2 = (folder: string, key: string): string =>
  isAddress(folder) ? resolveAddress(key, folder) : join(folder, key)

function fileImage(address: string, signal: AbortSignal | undefined): Sample['image'] {
  if (!isAddress(address)) return address
  if (isWeb(address)) return new URL(address)
  return async () => {
    const { store, key } = openAddress(address)
    const bytes = await store.read(key, undefined, signal)
    if (!bytes) throw missingImage(address)
    return bytes
  }
}

/** As the command line looks beside images. */
async function sidecarOf(address: string, signal: AbortSignal | undefined): Promise<string | undefined> {
  const stem = address.replace(/\.[^./]*$/, '')
  for (const path of SIDECAR_EXTENSIONS.flatMap((ending) => [stem + ending, address + ending])) {
    const { store, key } = openAddress(path)
    const bytes = await store.read(key, undefined, signal)
    const found = bytes && promptOfSidecar(bytes, path)
    if (found && found.prompt.trim() !== '') return found.prompt
  }
  return undefined
}
