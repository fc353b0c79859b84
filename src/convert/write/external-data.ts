import { open, type FileHandle } from 'node:fs/promises'
import { join } from 'node:path'
import type { FileDigest } from '../../hub/hub.ts'
import type { ExternalLocation } from '../../backend/onnx/onnx-model.ts'

/** Readers address a part with 32-bit signed offsets; some refuse arrays near 2 GiB. */
const PART_LIMIT = 2_000_000_000
/** The disk begins to take a file in after so many bytes, not only at its end. */
const FLUSH_EVERY = 128 << 20
/** Pages, so that tensors can be mapped. Small ones need only a cache line. */
const PAGE = 4096
const LINE = 64

interface Part {
  readonly name: string
  readonly handle: FileHandle
  size: number
  /** How much of it had been written when the disk was last told to take it in, and that it has. */
  flushed: number
  flushing: Promise<unknown> | undefined
}

export interface ExternalDataOptions {
  /** Default true; false for files that are gone before the disk has taken them in. */
  readonly durable?: boolean
  /**
   * Whether the disk may begin to take in what is not whole yet; default always. While it writes, some disks read at a tenth of
   * their speed.
   */
  readonly mayFlush?: (() => boolean) | undefined
  /** Bytes of a part; default just under 2 GB. */
  readonly limit?: number | undefined
  /** Hashes a part that is whole. */
  readonly digest: (path: string) => Promise<FileDigest>
}

/** Streams tensors into external data files beside a graph: `NAME.onnx_data`, `NAME.onnx_data_1` … */
export class ExternalDataWriter {
  readonly names: string[] = []
  #part: Part | undefined
  /** Of the tensor that was appended last. */
  #following = 0
  #pending: Promise<unknown> = Promise.resolve()
  #closing: Promise<void>[] = []
  #digests: Promise<FileDigest>[] = []

  /** `model` is the graph's file name. */
  constructor(
    private readonly folder: string,
    private readonly model: string,
    private readonly options: ExternalDataOptions,
  ) {}

  /**
   * Writes behind the caller's back: `bytes` must not change until {@link written} resolves. `following` bytes of the same
   * tensor come next, in pieces of whole pages, and lie right behind.
   */
  async append(bytes: Uint8Array, following = 0): Promise<ExternalLocation> {
    const full = this.#part && this.#part.size + bytes.length + following > (this.options.limit ?? PART_LIMIT)
    if (full && this.#following === 0) await this.#endPart()
    this.#following = following
    this.#part ??= await this.#startPart()
    const part = this.#part
    const align = bytes.length >= PAGE ? PAGE : LINE
    const padding = -part.size & (align - 1)
    // One write under way while the next tensor is made; more would only pile up memory.
    await this.#pending
    this.#pending = this.#write(part, padding > 0 ? [new Uint8Array(padding), bytes] : [bytes])
    this.#pending.catch(() => {})
    const offset = part.size + padding
    part.size = offset + bytes.length
    return { file: part.name, offset, length: bytes.length }
  }

  /** Resolves when all that has been appended is with the system. */
  async written(): Promise<void> {
    await this.#pending
  }

  /** Completes `names`; what the disk still has to take in is awaited by `settled`. */
  async finish(): Promise<void> {
    if (this.#part) await this.#endPart()
  }

  /** Resolves when all bytes are on the disk, to the digests of `names`. */
  async settled(): Promise<FileDigest[]> {
    await Promise.all(this.#closing)
    return Promise.all(this.#digests)
  }

  /** Closes what is open after a failure. */
  async abandon(): Promise<void> {
    await this.#pending.catch(() => {})
    await this.#part?.handle.close()
    await Promise.allSettled(this.#closing)
  }

  async #startPart(): Promise<Part> {
    const count = this.names.length
    const name = `${this.model}_data${count === 0 ? '' : `_${count}`}`
    return {
      name,
      handle: await open(join(this.folder, name), 'wx'),
      size: 0,
      flushed: 0,
      flushing: undefined,
    }
  }

  async #write(part: Part, chunks: Uint8Array[]): Promise<void> {
    const { bytesWritten } = await part.handle.writev(chunks)
    const size = chunks.reduce((sum, chunk) => sum + chunk.length, 0)
    if (bytesWritten !== size) throw new Error(`only ${bytesWritten} of ${size} bytes could be written; is the disk full?`)
    if (this.options.durable !== false && this.options.mayFlush?.() !== false) flush(part)
  }

  async #endPart(): Promise<void> {
    await this.#pending
    const { name, handle, size, flushing } = this.#part!
    this.#part = undefined
    const synced = this.options.durable === false ? Promise.resolve() : Promise.resolve(flushing).then(() => handle.sync())
    const closing = synced.finally(() => handle.close())
    const digest = this.options.digest(join(this.folder, name)).then((found) => {
      if (found.size !== size) throw new Error(`${name} should have ${size} bytes and has ${found.size}: something else wrote to it.`)
      return found
    })
    // They are heard of in `settled`.
    closing.catch(() => {})
    digest.catch(() => {})
    this.#closing.push(closing)
    this.#digests.push(digest)
    this.names.push(name)
  }
}

/** Once at a time. A failure stays in `flushing`, since the system tells of it once: the `sync` at the end would pass. */
function flush(part: Part): void {
  if (part.flushing || part.size - part.flushed < FLUSH_EVERY) return
  part.flushed = part.size
  part.flushing = part.handle.datasync().then(() => (part.flushing = undefined))
  part.flushing.catch(() => {})
}
