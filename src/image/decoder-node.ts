import { availableParallelism } from 'node:os'
import { MAX_THREADS } from '../backend/backend.ts'
import { checkObject } from '../base/check-object.ts'
import { InputError, show } from '../base/errors.ts'
import { freeMemory } from '../base/memory/free-memory-node.ts'
import { Gate } from '../base/waiting/gate.ts'
import { packageVersion } from '../worker/package-version-node.ts'
import { createNodeCodecs, type UseSharp } from './codecs/codecs-node.ts'
import type { ImageCodecs } from './codecs/image-codecs.ts'
import { type DecodeOptions, DEFAULT_MAX_PIXELS, type ImageDecoder } from './decoder.ts'
import { nameImageError } from './image-errors.ts'
import { type FetchLimits, fetchLimits } from './inputs/fetch-limits.ts'
import type { ImageInput } from './inputs/image-input.ts'
import { openImageInput } from './inputs/image-input-node.ts'
import { takeImage } from './inputs/take-image.ts'
import { type ImageSource, runImageJob } from './pool/image-job-node.ts'
import { type PrepareJob, WorkerPool } from './pool/worker-pool-node.ts'
import type { CropSpec, ImageCrop } from './preprocess.ts'
import type { RgbImage } from './raw-image.ts'

export type { NodeImageInput } from './inputs/image-input-node.ts'

export interface NodeDecoderOptions extends FetchLimits {
  /** Worker threads at most; 0 works on the calling thread. Default: as many as the machine runs at once. */
  readonly threads?: number | undefined
  /** Default `auto`: sharp where it is installed and loads, else WebAssembly. Both give the same pixels. */
  readonly sharp?: UseSharp | undefined
  /** Idle workers are ended after this many seconds. Default 30. */
  readonly idleSeconds?: number | undefined
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
  readonly #limits: ReturnType<typeof fetchLimits>
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
        `threads is a whole number from 0 to ${MAX_THREADS}, not ${show(threads)}.`,
        { threads },
      )
    }
    if (!(typeof idleSeconds === 'number' && idleSeconds >= 0)) {
      throw new InputError(
        'input_invalid_option',
        `idleSeconds is a number from 0, not ${show(idleSeconds)}.`,
        { idleSeconds },
      )
    }
    this.#limits = fetchLimits(options)
    this.#options = options
    // What the package says of itself; that it does not load is seen at the first picture.
    const version = sharp === 'auto' ? packageVersion('sharp') : undefined
    this.#name = version === undefined ? 'wasm' : `sharp ${version}`
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
    if (this.#disposed) throw disposed()
    signal?.throwIfAborted()
    const opened = openImageInput(takeImage(image, options.transfer))
    // What is read here is held until a thread takes it; paths are read there, and bytes are held by their owner.
    const leave = await this.#gate.enter(this.#pool ? opened.reads : HELD_BYTES / DECODES_HERE, signal)
    try {
      if (this.#disposed) throw disposed()
      const { source, owned } = await opened.read({ signal, ...this.#limits })
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
