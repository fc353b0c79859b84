import { createHash } from 'node:crypto'
import { stat } from 'node:fs/promises'
import { DatasetError, InputError, show } from '../../base/errors.ts'
import { hidePasswords } from '../../base/hide-passwords.ts'
import { checkDatasetOptions } from '../check-dataset-options.ts'
import { openAddress } from '../store/open-store.ts'
import { isMissing } from '../store/walk-folder.ts'
import {
  absoluteAddress,
  asFolder,
  expandBraces,
  identityOf,
  isAddress,
  isS3,
  isWeb,
  nameOf,
} from './address.ts'
import type { ShardKind } from './shard.ts'

/** A source as the user named it, looked at but not read. */
export interface FoundInput {
  readonly kind: ShardKind
  /** Of a file its path or address; of `files` the folder, with `/` at its end. */
  readonly address: string
  /** Bytes of a file. */
  readonly size?: number
  /** Of `files`: how many images there are, and a digest of their names, so that a change is seen. */
  readonly count?: number
  readonly digest?: string
  /** Images that were named one by one; then the address is `/`. */
  readonly names?: readonly string[]
}

const ENDINGS: readonly (readonly [RegExp, ShardKind])[] = [
  [/\.(?:tar|tar\.gz|tgz)$/i, 'tar'],
  [/\.parquet$/i, 'parquet'],
  [/\.(?:jsonl|ndjson)$/i, 'jsonl'],
  [/\.(?:jpe?g|jpe|jfif|png|apng|webp|gif|bmp|dib|tiff?|avif)$/i, 'files'],
]

const kindOfName = (name: string): ShardKind | undefined => ENDINGS.find(([ending]) => ending.test(name))?.[1]

/**
 * Looks at sources: files of shards, folders and prefixes (all below them), images. `{0000..0099}` stands for as many names. What
 * is named twice counts once. Throws `DatasetError` `dataset_source_invalid`.
 */
export async function findInputs(
  sources: readonly string[],
  options: { readonly cwd?: string | undefined; readonly signal?: AbortSignal | undefined } = {},
): Promise<FoundInput[]> {
  checkDatasetOptions(options, 'findInputs')
  const { cwd = process.cwd(), signal } = options
  if (!Array.isArray(sources) || !Array.from<unknown>(sources).every((source) => typeof source === 'string'))
    throw new InputError(
      'input_invalid_option',
      `The sources are a list of paths and addresses, not ${show(sources)}.`,
    )
  if (sources.includes(''))
    throw new InputError(
      'input_invalid_option',
      'The name of a source is empty: a variable may be. Give a path, or . for the working folder.',
    )
  const found = new Map<string, FoundInput>()
  const images = new Set<string>()
  for (const source of sources.flatMap(expandBraces)) {
    signal?.throwIfAborted()
    const address = absoluteAddress(source, cwd)
    for (const input of await findOne(address, source, signal)) {
      if (input.kind === 'files' && !input.digest) images.add(input.address)
      else found.set(identityOf(input.address), input)
    }
  }
  const inputs = withoutInner([...found.values()])
  const folders = inputs.filter(({ kind }) => kind === 'files')
  const single = [...images].filter((image) => !folders.some(({ address }) => image.startsWith(address)))
  return single.length === 0 ? inputs : [...inputs, listed(single)]
}

/** Whether {@link findInputs} has looked at them before; it is the judge of everything else. */
export const isLookedAt = (sources: unknown): sources is readonly FoundInput[] =>
  Array.isArray(sources) &&
  sources.length > 0 &&
  Array.from<unknown>(sources).every((source) => typeof (source as FoundInput | null)?.address === 'string')

/** A folder in another that is given as well has been seen with that. */
const withoutInner = (inputs: readonly FoundInput[]): FoundInput[] =>
  inputs.filter(
    ({ kind, address }) =>
      kind !== 'files' ||
      !inputs.some(
        (other) => other.kind === 'files' && other.address !== address && address.startsWith(other.address),
      ),
  )

function listed(names: readonly string[]): FoundInput {
  const digest = startDigest()
  for (const name of names) digest.update(`${name}\n`)
  return { kind: 'files', address: '/', names, count: names.length, digest: digest.digest('hex') }
}

const startDigest = (): ReturnType<typeof createHash> => createHash('sha256')

async function findOne(
  address: string,
  source: string,
  signal: AbortSignal | undefined,
): Promise<FoundInput[]> {
  const kind = kindOfName(nameOf(address))
  if (!isAddress(address)) {
    const there = await stat(address).catch((cause: unknown) => {
      if (isMissing(cause)) return undefined
      throw invalid(source, `it cannot be looked at (${(cause as Error).message})`)
    })
    if (!there) throw invalid(source, 'there is nothing of that name')
    if (there.isDirectory()) return findBelow(asFolder(address), source, signal)
    if (!kind) throw invalid(source, 'it is no .tar, .parquet, .jsonl, image or folder')
    return [kind === 'files' ? { kind, address } : { kind, address, size: there.size }]
  }
  if (kind === 'files') return [{ kind, address }]
  if (kind) {
    const { store, key } = openAddress(address)
    const size = await store.size(key, signal)
    if (size === undefined) throw invalid(source, 'there is nothing at that address')
    return [{ kind, address, size }]
  }
  if (isS3(address)) return findBelow(asFolder(address), source, signal)
  const why = isWeb(address)
    ? 'a web server cannot be listed, so name each file'
    : 'it is no address that is read'
  throw invalid(source, why)
}

/** The shards below a folder or prefix; where there are none, its images. */
async function findBelow(
  folder: string,
  source: string,
  signal: AbortSignal | undefined,
): Promise<FoundInput[]> {
  const { store, key: prefix } = openAddress(folder)
  const shards: (FoundInput & { readonly key: string })[] = []
  const stems = new Set<string>()
  const digest = startDigest()
  let count = 0
  for await (const { key, size } of store.list(prefix, signal)) {
    const kind = kindOfName(key)
    if (!kind) continue
    const name = key.slice(prefix.length)
    if (kind !== 'files') {
      shards.push({ kind, address: folder + name, size, key: name })
      if (kind === 'tar') stems.add(stemOf(name))
      continue
    }
    const slash = name.lastIndexOf('/')
    if (slash > 0) stems.add(name.slice(0, slash))
    digest.update(`${name}\n`)
    count++
  }
  // img2dataset leaves a Parquet file of what it knows beside each tar and each folder of pictures: it holds none itself.
  const own = shards.filter(({ kind, key }) => kind !== 'parquet' || !stems.has(stemOf(key)))
  if (own.length > 0) return own.map(({ kind, address, size }) => ({ kind, address, size: size! }))
  if (count > 0) return [{ kind: 'files', address: folder, count, digest: digest.digest('hex') }]
  throw invalid(source, 'nothing below it is a .tar, .parquet, .jsonl or an image')
}

const stemOf = (name: string): string => name.replace(/\.(?:parquet|tar|tar\.gz|tgz)$/i, '')

/** The images below a folder, as they are counted by {@link findInputs}. */
export async function* imagesBelow(folder: string, signal?: AbortSignal): AsyncGenerator<string> {
  const { store, key: prefix } = openAddress(folder)
  for await (const { key } of store.list(prefix, signal))
    if (kindOfName(key) === 'files') yield key.slice(prefix.length)
}

const invalid = (source: string, why: string): DatasetError =>
  new DatasetError(
    'dataset_source_invalid',
    `${show(source)} cannot be scored: ${why}. Sources are folders, .tar, .parquet and .jsonl files, images, and their http(s):// ` +
      'and s3:// addresses.',
    { source: hidePasswords(source) },
  )
