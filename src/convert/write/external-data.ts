import { type FileHandle, open } from 'node:fs/promises'
import { join } from 'node:path'
import { writeFully } from '../../base/files/write-fully-node.ts'
import type { FileDigest } from '../../hub/hub.ts'
import type { ExternalLocation } from '../../onnx/onnx-model.ts'
import type { Digester, GrowingDigest } from './digester.ts'

/** Readers address a part with 32-bit signed offsets; some refuse arrays near 2 GiB. */
const PART_LIMIT = 2_000_000_000
/** Pages, so that tensors can be mapped. Small ones need only a cache line. */
const PAGE = 4096
const LINE = 64
/** Bytes that the disk is told to take in at a time: were they left until the end, reads would wait behind gigabytes of them. */
const FLUSH = 16 << 20

interface Part {
  readonly name: string
  readonly handle: FileHandle
  readonly digest: GrowingDigest | undefined
  size: number
  /** Bytes up to which the disk has been told. */
  flushed: number
  flushing: boolean
  /** Rejects with the first failure: the system tells of each once only. */
  flush: Promise<void>
}

export interface ExternalDataOptions {
  /** Bytes of a part; default just under 2 GB. */
  readonly limit?: number | undefined
  /** Hashes the parts as they grow. None for files that are gone before the disk has taken them in. */
  readonly digester?: Digester | undefined
}

/** Streams tensors into external data files beside a graph: `NAME.onnx_data`, `NAME.onnx_data_1` … */
export class ExternalDataWriter {
  readonly names: string[] = []
  #part: Part | undefined
  /** Of the tensor that was appended last. */
  #following = 0
  #pending: Promise<unknown> = Promise.resolve()
  #whole: Part[] = []
  #digests: Promise<FileDigest>[] = []

  /** `model` is the graph's file name. */
  constructor(
    private readonly folder: string,
    private readonly model: string,
    private readonly options: ExternalDataOptions = {},
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
    const offset = part.size + padding
    part.size = offset + bytes.length
    this.#pending = this.#write(part, padding > 0 ? [new Uint8Array(padding), bytes] : [bytes], part.size)
    this.#pending.catch(() => {})
    return { file: part.name, offset, length: bytes.length }
  }

  /** Resolves when all that has been appended is with the system. */
  async written(): Promise<void> {
    await this.#pending
  }

  /** Completes `names`; call `settled` then. */
  async finish(): Promise<void> {
    if (this.#part) await this.#endPart()
  }

  /** Resolves when all bytes are on the disk, to the digests of `names` where there is a digester. */
  async settled(): Promise<FileDigest[]> {
    const sync = async ({ flush, handle }: Part): Promise<void> => {
      await flush
      await handle.sync()
    }
    await Promise.all(this.options.digester ? this.#whole.map(sync) : []).finally(() => this.#close())
    return Promise.all(this.#digests)
  }

  /** Closes what is open after a failure. */
  async abandon(): Promise<void> {
    await this.#pending.catch(() => {})
    // The thread that follows it lets go of it then.
    this.#part?.digest?.whole(0).catch(() => {})
    await this.#part?.handle.close()
    await this.#close()
  }

  async #close(): Promise<void> {
    await Promise.all(this.#whole.map(({ handle }) => handle.close()))
  }

  async #startPart(): Promise<Part> {
    const count = this.names.length
    const name = `${this.model}_data${count === 0 ? '' : `_${count}`}`
    const path = join(this.folder, name)
    const handle = await open(path, 'wx')
    return {
      name,
      handle,
      digest: this.options.digester?.follow(path),
      size: 0,
      flushed: 0,
      flushing: false,
      flush: Promise.resolve(),
    }
  }

  async #write(part: Part, chunks: Uint8Array[], end: number): Promise<void> {
    let { bytesWritten: done } = await part.handle.writev(chunks)
    for (const chunk of chunks) {
      if (done < chunk.length) await writeFully(part.handle, chunk.subarray(done))
      done = Math.max(0, done - chunk.length)
    }
    part.digest?.grown(end)
    if (this.options.digester) this.#flush(part, end)
  }

  /** Has the disk take in what has come since the last time, one flush at a time. */
  #flush(part: Part, end: number): void {
    if (part.flushing || end - part.flushed < FLUSH) return
    part.flushed = end
    part.flushing = true
    part.flush = part.handle.datasync()
    // After a failure nothing is flushed any more: `settled` tells of it.
    part.flush.then(
      () => (part.flushing = false),
      () => {},
    )
  }

  async #endPart(): Promise<void> {
    await this.#pending
    const part = this.#part!
    this.#part = undefined
    if (part.digest) this.#digests.push(part.digest.whole(part.size))
    this.#whole.push(part)
    this.names.push(part.name)
  }
}
