import { createGunzip } from 'node:zlib'
import { createTarDecoder, type ParsedTarEntry } from 'modern-tar'
import { DatasetError, IcthpError } from '../../base/errors.ts'
import { promptOfSidecar, SIDECAR_EXTENSIONS } from '../../prompts/sidecar.ts'
import { damagedShard } from './missing.ts'
import type { SampleOrProblem } from './shard.ts'

const IMAGE = /\.(?:jpe?g|jpe|jfif|png|apng|webp|gif|bmp|dib|tiff?|avif)$/i
/** Larger files are no pictures that would be decoded. */
const MAX_IMAGE = 1 << 30
const MAX_TEXT = 4 << 20

export interface TarOptions {
  readonly address: string
  /** Images whose bytes are needed; the others are passed over. Default all. */
  readonly wanted?: ((index: number) => boolean) | undefined
}

/** A member of a sample that matters. */
interface Member {
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
  const feed: Feed = {}
  try {
    yield* samplesIn(entriesOf(pieces, feed), options)
  } catch (error) {
    throw asDamage(options.address, error, feed)
  }
}

async function* samplesIn(
  entries: AsyncIterable<ParsedTarEntry>,
  { wanted = () => true }: TarOptions,
): AsyncGenerator<SampleOrProblem> {
  let sample: string | undefined
  const names = new Set<string>()
  let images: Member[] = []
  let texts: Member[] = []
  let index = 0
  const flush = (): SampleOrProblem[] => {
    const found = samplesOf(images, texts, index)
    index += images.length
    images = []
    texts = []
    return found
  }
  for await (const { header, body } of entries) {
    const { name, size } = header
    const dot = name.indexOf('.', name.lastIndexOf('/') + 1)
    const stem = dot < 0 ? name : name.slice(0, dot)
    // A name that comes again is of another sample, which is called the same.
    if (stem !== sample || names.has(name)) {
      yield* flush()
      sample = stem
      names.clear()
    }
    names.add(name)
    const isImage = isFile(header) && IMAGE.test(name)
    const isText = isFile(header) && SIDECAR_EXTENSIONS.some((ending) => name.toLowerCase().endsWith(ending))
    const kept = isImage ? size <= MAX_IMAGE && wanted(index + images.length) : isText && size <= MAX_TEXT
    const bytes = kept ? await readBody(body, size) : undefined
    if (!kept) await body.cancel()
    if (isImage) images.push({ name, bytes })
    else if (isText && bytes) texts.push({ name, bytes })
  }
  yield* flush()
}

const isFile = ({ type, name }: ParsedTarEntry['header']): boolean =>
  (type === undefined || type === 'file') && !name.split('/').at(-1)!.startsWith('.')

function samplesOf(images: readonly Member[], texts: readonly Member[], from: number): SampleOrProblem[] {
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
function promptIn(texts: readonly Member[]): string | undefined {
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

async function readBody(body: ReadableStream<Uint8Array>, size: number): Promise<Uint8Array> {
  const bytes = new Uint8Array(size)
  let at = 0
  const reader = body.getReader()
  for (let read = await reader.read(); !read.done; read = await reader.read()) {
    bytes.set(read.value, at)
    at += read.value.length
  }
  return bytes
}

/** What went wrong with what feeds the decoder, which tells it to its bodies too. */
interface Feed {
  failure?: unknown
}

async function* entriesOf(pieces: AsyncIterable<Uint8Array>, feed: Feed): AsyncGenerator<ParsedTarEntry> {
  const { readable, writable } = createTarDecoder({ strict: true })
  const writer = writable.getWriter()
  const fed = (async (): Promise<void> => {
    try {
      for await (const piece of pieces) await writer.write(piece)
      await writer.close()
    } catch (error) {
      feed.failure ??= error
      await writer.abort(error).catch(() => undefined)
    }
  })()
  const reader = readable.getReader()
  try {
    for (let read = await reader.read(); !read.done; read = await reader.read()) yield read.value
  } finally {
    await reader.cancel().catch(() => undefined)
    await fed
  }
}

/** An error of what feeds the decoder as it is, one of the archive's own as a damaged shard. */
function asDamage(address: string, error: unknown, { failure }: Feed): unknown {
  const cause = failure ?? error
  if (cause instanceof DatasetError || (cause as Error).name === 'AbortError') return cause
  return damagedShard(address, (cause as Error).message.replace(/\.$/, ''), cause)
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
