import { createGunzip } from 'node:zlib'
import { DatasetError, IcthpError } from '../../../base/errors.ts'
import { promptOfSidecar, SIDECAR_EXTENSIONS } from '../../../prompts/sidecar.ts'
import { damagedShard } from '../missing.ts'
import type { SampleOrProblem } from '../shard.ts'
import { type TarMember, tarMembers } from './tar-members.ts'

const IMAGE = /\.(?:jpe?g|jpe|jfif|png|apng|webp|gif|bmp|dib|tiff?|avif)$/i
/** Larger files are no pictures that would be decoded. */
const MAX_IMAGE = 1 << 30
const MAX_TEXT = 4 << 20

export interface TarOptions {
  readonly address: string
  /** Images whose bytes are needed; the others are passed over. Default all. */
  readonly wanted?: ((index: number) => boolean) | undefined
}

/** A file of a sample that matters. */
interface Kept {
  readonly name: string
  readonly bytes: Uint8Array | undefined
}

/**
 * The images of a WebDataset shard, as they come: files that follow each other and have their name up to its first dot in
 * common are a sample. Its text is its `.txt`, `.caption` or `.json`. Throws `DatasetError` `dataset_shard_damaged`.
 */
export async function* readTar(
  pieces: AsyncIterable<Uint8Array>,
  options: TarOptions,
): AsyncGenerator<SampleOrProblem> {
  try {
    yield* samplesIn(tarMembers(pieces), options)
  } catch (error) {
    throw asDamage(options.address, error)
  }
}

async function* samplesIn(
  members: AsyncIterable<TarMember>,
  { wanted = () => true }: TarOptions,
): AsyncGenerator<SampleOrProblem> {
  let sample: string | undefined
  const names = new Set<string>()
  let images: Kept[] = []
  let texts: Kept[] = []
  let index = 0
  const flush = (): SampleOrProblem[] => {
    const found = samplesOf(images, texts, index)
    index += images.length
    images = []
    texts = []
    return found
  }
  for await (const member of members) {
    const { name, size } = member
    const dot = name.indexOf('.', name.lastIndexOf('/') + 1)
    const stem = dot < 0 ? name : name.slice(0, dot)
    // A name that comes again is of another sample, which is called the same.
    if (stem !== sample || names.has(name)) {
      yield* flush()
      sample = stem
      names.clear()
    }
    names.add(name)
    const isImage = isShown(member) && IMAGE.test(name)
    const isText = isShown(member) && SIDECAR_EXTENSIONS.some((ending) => name.toLowerCase().endsWith(ending))
    const kept = isImage ? size <= MAX_IMAGE && wanted(index + images.length) : isText && size <= MAX_TEXT
    const bytes = kept ? await member.read() : undefined
    if (isImage) images.push({ name, bytes })
    else if (isText && bytes) texts.push({ name, bytes })
  }
  yield* flush()
}

const isShown = ({ isFile, name }: TarMember): boolean => isFile && !name.split('/').at(-1)!.startsWith('.')

function samplesOf(images: readonly Kept[], texts: readonly Kept[], from: number): SampleOrProblem[] {
  if (images.length === 0) return []
  const prompt = promptIn(texts)
  return images.map(({ name, bytes }, i) => {
    const at = { index: from + i, key: name.replace(/^\.\//, '') }
    if (bytes) return { ...at, image: bytes, prompt }
    const message = `It has more than ${MAX_IMAGE} bytes.`
    return { ...at, problem: { code: 'image_too_large', message } }
  })
}

/** In the order of what may lie beside a file, as the command line reads sidecars. */
function promptIn(texts: readonly Kept[]): string | undefined {
  for (const ending of SIDECAR_EXTENSIONS) {
    const text = texts.find(({ name }) => name.toLowerCase().endsWith(ending))
    if (!text) continue
    try {
      const found = promptOfSidecar(text.bytes!, text.name)
      if (found && found.prompt.trim() !== '') return found.prompt
    } catch (error) {
      // A text that is not UTF-8 is no prompt, and no reason to lose a shard.
      if (!(error instanceof IcthpError)) throw error
    }
  }
  return undefined
}

/** An error of what feeds the reader as it is, one of the archive's own as a damaged shard. */
function asDamage(address: string, error: unknown): unknown {
  if (error instanceof DatasetError || (error as Error).name === 'AbortError') return error
  return damagedShard(address, (error as Error).message, error)
}

/** Unpacks `.tar.gz`. */
export async function* gunzip(pieces: AsyncIterable<Uint8Array>, address: string): AsyncIterable<Uint8Array> {
  const { Readable } = await import('node:stream')
  try {
    yield* Readable.from(pieces, { objectMode: false }).pipe(createGunzip()) as AsyncIterable<Uint8Array>
  } catch (cause) {
    if (cause instanceof DatasetError) throw cause
    throw damagedShard(address, (cause as Error).message, cause)
  }
}
