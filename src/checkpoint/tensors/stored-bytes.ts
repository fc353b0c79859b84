import { crc32 } from 'node:zlib'
import { unreadable } from '../checkpoint-error.ts'
import type { DataFile } from '../data-file.ts'

/** Large enough for disk speed, small enough that its CRC holds the event loop about a millisecond. */
const CHUNK = 4 << 20

/**
 * A run of bytes in a file: one tensor's storage. Where the container gives a CRC-32, it is taken along with reads that
 * continue where the last ended, so that a storage read once in order is verified for the price of the checksum.
 */
export class StoredBytes {
  readonly file: DataFile
  /** For messages: the entry in the archive, or the tensor's name. */
  readonly label: string
  readonly offset: number
  readonly length: number
  readonly #expected: number | undefined
  #crc = 0
  #verified = 0

  constructor(file: DataFile, label: string, offset: number, length: number, expectedCrc?: number) {
    this.file = file
    this.label = label
    this.offset = offset
    this.length = length
    this.#expected = expectedCrc
  }

  /** Whether there is a checksum. */
  get checked(): boolean {
    return this.#expected !== undefined
  }

  /** Whether all bytes have been seen and were right, or there is nothing to hold them against. */
  get verified(): boolean {
    return this.#expected === undefined || this.#verified === this.length
  }

  /** Fills `target` with the bytes from `start` on. Throws `CheckpointError` where the file is cut or damaged. */
  async read(target: Uint8Array, start: number): Promise<void> {
    const part = (at: number): Uint8Array => target.subarray(at, Math.min(at + CHUNK, target.length))
    let pending = target.length > 0 ? this.file.readAt(part(0), this.offset + start) : undefined
    for (let at = 0; at < target.length; at += CHUNK) {
      await pending
      const next = at + CHUNK
      // The next part is read while this one is checked.
      if (next < target.length) pending = this.file.readAt(part(next), this.offset + start + next)
      this.#check(part(at), start + at)
    }
  }

  /** Reads what has not been read yet, and checks it. */
  async verify(onBytes?: (count: number) => void): Promise<void> {
    if (this.verified) return
    const staging = new Uint8Array(Math.min(4 * CHUNK, this.length - this.#verified))
    while (!this.verified) {
      const count = Math.min(staging.length, this.length - this.#verified)
      await this.read(staging.subarray(0, count), this.#verified)
      onBytes?.(count)
    }
  }

  #check(bytes: Uint8Array, start: number): void {
    if (this.#expected === undefined || start > this.#verified || start + bytes.length <= this.#verified)
      return
    const fresh = bytes.subarray(this.#verified - start)
    this.#crc = crc32(fresh, this.#crc)
    this.#verified += fresh.length
    if (this.#verified === this.length && this.#crc !== this.#expected) {
      this.#verified = 0
      const found = this.#crc
      this.#crc = 0
      throw unreadable(
        this.file.path,
        `it is damaged: the CRC-32 of ${this.label} is ${hex(found)}, not ${hex(this.#expected)}. Download or copy it again.`,
        { entry: this.label, crc32: found, expected: this.#expected },
      )
    }
  }
}

function hex(value: number): string {
  return value.toString(16).padStart(8, '0')
}
