import { truncated, unreadable } from '../../../image-errors.ts'
import type { ByteReader } from '../../byte-reader.ts'
import { readValues, type TiffDirectory, type TiffEntry, TYPE, TYPE_BYTES } from '../tiff-entries.ts'
import { TAG } from '../tiff-tags.ts'

/** More strips than its tags name are not made up beyond this. */
const MOST_MISSING = 1_000_000
const WHOLE: ReadonlySet<number> = new Set([
  TYPE.byte,
  TYPE.sbyte,
  TYPE.short,
  TYPE.sshort,
  TYPE.long,
  TYPE.slong,
  TYPE.long8,
  TYPE.slong8,
])

export const damaged = (what: string): Error => unreadable('TIFF', `${what} cannot be made out`)

/** Tags by the rules of libtiff's `TIFFReadDirEntry…`. */
export class LibtiffFields {
  readonly directory: TiffDirectory
  readonly #reader: ByteReader
  readonly #first = new Map<number, TiffEntry>()
  readonly #order: TiffEntry[] = []

  constructor(reader: ByteReader, directory: TiffDirectory) {
    this.#reader = reader
    this.directory = directory
    for (const entry of directory.entries) {
      if (this.#first.has(entry.tag)) continue
      this.#first.set(entry.tag, entry)
      this.#order.push(entry)
    }
  }

  has(tag: number): boolean {
    return this.#first.has(tag)
  }

  find(tag: number): TiffEntry | undefined {
    return this.#first.get(tag)
  }

  /** The last of these tags in the order of the file. */
  last(tags: readonly number[]): TiffEntry | undefined {
    return this.#order.filter(({ tag }) => tags.includes(tag)).at(-1)
  }

  short(tag: number, needed = false): number | undefined {
    return this.#one(tag, 0xffff, needed)
  }

  long(tag: number, needed = false): number | undefined {
    return this.#one(tag, 0xffffffff, needed)
  }

  /** A place in the file, or a size. */
  place(tag: number): number | undefined {
    return this.#one(tag, Number.MAX_SAFE_INTEGER, false)
  }

  /** Up to three places; none where there are more, or other numbers. */
  few(tag: number): number[] {
    const entry = this.find(tag)
    if (!entry?.whole || entry.count > 3 || !WHOLE.has(entry.type)) return []
    const values = readValues(this.#reader, this.directory, entry)
    return values.every((value) => value >= 0) ? values : []
  }

  #one(tag: number, most: number, needed: boolean): number | undefined {
    const entry = this.find(tag)
    if (!entry) return undefined
    if (entry.count === 1 && entry.whole && WHOLE.has(entry.type)) {
      const value = readValues(this.#reader, this.directory, entry)[0]!
      if (value >= 0 && value <= most) return value
    }
    if (needed) throw damaged(`tag ${tag}`)
    return undefined
  }

  /** One value, or the same for each sample. */
  perSample(tag: number, samples: number): number | undefined {
    const entry = this.find(tag)
    if (!entry || entry.count === 1) return this.short(tag, true)
    const values = entry.count < samples ? undefined : this.#shorts(entry)?.slice(0, samples)
    if (!values?.every((value) => value === values[0])) throw damaged(`tag ${tag}`)
    return values[0]
  }

  /** `undefined` where there are not `count` of them; of those that are needed, all. */
  shorts(tag: number, count?: number): number[] | undefined {
    const entry = this.find(tag)
    if (!entry || (count !== undefined && entry.count !== count)) return undefined
    const values = this.#shorts(entry)
    if (!values && count === undefined) throw damaged(`tag ${tag}`)
    return values
  }

  #shorts(entry: TiffEntry): number[] | undefined {
    if (!entry.whole || entry.count > 0xffff || !WHOLE.has(entry.type)) {
      return undefined
    }
    const values = readValues(this.#reader, this.directory, entry)
    return values.every((value) => value >= 0 && value <= 0xffff) ? values : undefined
  }

  floats(tag: number, count: number): number[] | undefined {
    const entry = this.find(tag)
    if (!entry || entry.count !== count || !entry.whole) return undefined
    if (entry.type === TYPE.ascii || entry.type === TYPE.undefined || TYPE_BYTES[entry.type] === undefined) {
      return undefined
    }
    const values = readValues(this.#reader, this.directory, entry)
    const fraction = entry.type === TYPE.rational || entry.type === TYPE.srational
    return values.map((value) => (fraction && !Number.isFinite(value) ? 0 : Math.fround(value)))
  }

  bytes(tag: number): Uint8Array | undefined {
    const entry = this.find(tag)
    if (!entry?.whole || (entry.type !== TYPE.undefined && entry.type !== TYPE.byte)) return undefined
    return this.#reader.slice(entry.at, entry.count)
  }

  hasColorMap(bits: number): boolean {
    const entry = this.find(TAG.colorMap)
    return entry?.count === 3 * 2 ** bits && this.#shorts(entry) !== undefined
  }

  /** Offsets or sizes of the strips; 0 where there are too few. */
  places(entry: TiffEntry, parts: number): number[] {
    const bytes = Math.min(entry.count, parts) * (TYPE_BYTES[entry.type] ?? 0)
    if (entry.at + bytes > this.#reader.length) {
      throw truncated('TIFF', 'the places of its pixels lie outside of it')
    }
    if (entry.count > 0 && !WHOLE.has(entry.type)) throw damaged(`tag ${entry.tag}`)
    const values = readValues(this.#reader, this.directory, entry, parts)
    if (!values.every((value) => value >= 0)) throw damaged(`tag ${entry.tag}`)
    if (values.length < parts && parts > MOST_MISSING) throw damaged(`tag ${entry.tag}`)
    while (values.length < parts) values.push(0)
    return values
  }

  /** What is left of the file, taken for compressed samples (`EstimateStripByteCounts`). */
  estimate(parts: number, planes: number, offsets: readonly number[]): number[] {
    const { big, entries } = this.directory
    let space = big ? 16 + 8 + entries.length * 20 + 8 : 8 + 2 + entries.length * 12 + 4
    for (const { type, count } of entries) {
      const width = TYPE_BYTES[type]
      if (width === undefined) throw damaged('the sizes of its strips')
      if (width * count > (big ? 8 : 4)) space += width * count
    }
    const size = this.#reader.length
    let rest = size < space ? size : size - space
    rest = Math.floor(rest / planes)
    const counts = Array<number>(parts).fill(rest)
    const last = offsets[parts - 1] ?? 0
    if (last + rest > size) counts[parts - 1] = Math.max(0, size - last)
    return counts
  }
}
