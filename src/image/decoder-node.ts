import { readFileSync } from 'node:fs'
import { availableParallelism } from 'node:os'
import { pathToFileURL } from 'node:url'
import { MAX_THREADS } from '../backend/backend.ts'
import { checkObject } from '../base/check-object.ts'
import { InputError } from '../base/errors.ts'
import { freeMemory } from '../base/free-memory-node.ts'
import { Gate } from '../base/gate.ts'
import { resolvePackage } from '../worker/resolve-package-node.ts'
import { createNodeCodecs, type UseSharp } from './codecs/codecs-node.ts'
import type { ImageCodecs } from './codecs/image-codecs.ts'
import { type DecodeOptions, DEFAULT_MAX_PIXELS, type ImageDecoder } from './decoder.ts'
import { nameImageError } from './image-errors.ts'
import type { ImageInput } from './image-input.ts'
import { openImageInput } from './image-input-node.ts'
import { type ImageSource, runImageJob } from './pool/image-job-node.ts'
import { type PrepareJob, WorkerPool } from './pool/worker-pool-node.ts'
import type { CropSpec, ImageCrop } from './preprocess.ts'
import type { RgbImage } from './raw-image.ts'
import { takeImage } from './take-image.ts'

export type { NodeImageInput } from './image-input-node.ts'

export interface NodeDecoderOptions {
  /** Worker threads at most; 0 works on the calling thread. Default: as many as the machine runs at once. */
  readonly threads?: number | undefined
  /** Default `auto`: sharp where it is installed and loads, else WebAssembly. Both give the same pixels. */
  readonly sharp?: UseSharp | undefined
  /** Idle workers are ended after this many seconds. Default 30. */
  readonly idleSeconds?: number | undefined
  /** Of an image fetched by URL. Default 256 MiB. */
  readonly maxDownloadBytes?: number | undefined
  /** For fetching an image by URL, to its last byte. Default 60. */
  readonly timeoutSeconds?: number | undefined
}

/**
 * The decoder of Node: reads paths, URLs, bytes, Blobs and raw pixels ({@link NodeImageInput}), and decodes and resizes in
 * worker threads, so that the event loop runs on. Workers start at the first picture and do not keep the process alive.
 */
export function createNodeDecoder(options: NodeDecoderOptions = {}): ImageDecoder {
  checkObject(options, 'createNodeDecoder')
  return new NodeDecoder(options)
}

/** Bytes of files that are read ahead of the threads that decode them. */
const HELD_BYTES = 256 << 20
/** Without threads: pictures under way at a time. */
const DECODES_HERE = 2

class NodeDecoder implements ImageDecoder {
  readonly #options: NodeDecoderOptions
  readonly #pool: WorkerPool | undefined
  #codecs: Promise<ImageCodecs> | undefined
  #name: string
  #disposed = false
  readonly #gate = new Gate(HELD_BYTES)

  constructor(options: NodeDecoderOptions) {
    const { threads = availableParallelism(), sharp = 'auto', idleSeconds = 30 } = options
    if (!(Number.isInteger(threads) && threads >= 0 && threads <= MAX_THREADS)) {
      throw new InputError(
        'input_invalid_option',
        `threads is a whole number from 0 to ${MAX_THREADS}, not ${String(threads)}.`,
        { threads },
      )
    }
    this.#options = options
    this.#name = (sharp === 'auto' ? installedSharp() : undefined) ?? 'wasm'
    if (threads > 0) {
      this.#pool = new WorkerPool({
        threads,
        sharp,
        idleMs: idleSeconds * 1000,
        onCodecs: (name) => (this.#name = name),
      })
    }
  }

  get name(): string {
    return this.#name
  }

  async decode(image: ImageInput, options: DecodeOptions = {}): Promise<RgbImage> {
    return (await this.#run(image, undefined, options)) as RgbImage
  }

  async crop(image: ImageInput, spec: CropSpec, options: DecodeOptions = {}): Promise<ImageCrop> {
    return (await this.#run(image, spec.size, options)) as ImageCrop
  }

  forget({ data }: ImageCrop): void {
    freeMemory([data])
  }

  async dispose(): Promise<void> {
    this.#disposed = true
    await this.#pool?.dispose(disposed())
  }

  async #run(
    image: ImageInput,
    size: number | undefined,
    options: DecodeOptions,
  ): Promise<ImageCrop | RgbImage> {
    const { signal, maxPixels = DEFAULT_MAX_PIXELS } = options
    const { maxDownloadBytes = 2 ** 28, timeoutSeconds = 60 } = this.#options
    if (this.#disposed) throw disposed()
    signal?.throwIfAborted()
    const opened = openImageInput(takeImage(image, options.transfer))
    // What is read here is held until a thread takes it; paths are read there, and bytes are held by their owner.
    const leave = await this.#gate.enter(this.#pool ? opened.reads : HELD_BYTES / DECODES_HERE, signal)
    try {
      if (this.#disposed) throw disposed()
      const { source, owned } = await opened.read({
        signal,
        maxBytes: maxDownloadBytes,
        timeoutMs: timeoutSeconds * 1000,
      })
      if (this.#disposed) throw disposed()
      signal?.throwIfAborted()
      if (this.#pool) return await this.#pool.run(handOver(source, owned, size, maxPixels), signal)
      this.#codecs ??= createNodeCodecs(this.#options.sharp ?? 'auto')
      const codecs = await this.#codecs
      this.#name = codecs.name
      const result = await runImageJob({ source, size, maxPixels }, codecs, signal)
      signal?.throwIfAborted()
      return result
    } catch (error) {
      throw opened.name === undefined ? error : nameImageError(error, opened.name)
    } finally {
      leave()
    }
  }
}

/** Bytes that are ours are moved to the worker; the user's are copied, and only the part that is meant. */
function handOver(
  source: ImageSource,
  owned: boolean,
  size: number | undefined,
  maxPixels: number,
): PrepareJob {
  return () => {
    if ('path' in source) return { job: { source, size, maxPixels }, transfer: [] }
    const given = 'raw' in source ? source.raw.data : source.bytes
    const data = owned ? (given as Uint8Array<ArrayBuffer>) : new Uint8Array(given)
    const moved: ImageSource = 'raw' in source ? { raw: { ...source.raw, data } } : { bytes: data }
    return { job: { source: moved, size, maxPixels }, transfer: [data.buffer] }
  }
}

const disposed = (): InputError =>
  new InputError('input_disposed', 'The image decoder has been disposed of. Make a new one.')

/** What the package says of itself, without loading it; that it does not load is seen at the first picture. */
function installedSharp(): string | undefined {
  try {
    const main = pathToFileURL(resolvePackage('sharp'))
    const { version } = JSON.parse(readFileSync(new URL('../package.json', main), 'utf8')) as {
      version: string
    }
    return `sharp ${version}`
  } catch {
    return undefined
  }
}
