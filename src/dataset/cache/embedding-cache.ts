import { createHash, randomUUID } from 'node:crypto'
import { readFile, rename, rm, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { OutputError } from '../../base/errors.ts'
import { makeFolder } from '../../base/files/make-folder-node.ts'
import type { EncodedImage } from '../../scorers/encode/vision-encoder.ts'
import type { Scorer } from '../../scorers/scorer.ts'

/** What is kept of an image: what each tower answered, and its size. */
export interface CachedImage {
  readonly size: { readonly width: number; readonly height: number }
  /** By model; those that have not seen it are not there. */
  readonly answers: ReadonlyMap<string, EncodedImage>
}

/** Raised with the layout of an entry. */
const LAYOUT = 1
/** Layout, width, height, whether there is a logit, and the logit. */
const HEADER = 20
const CHECK = 8

/**
 * Answers of vision towers in a folder, by the hash of an image's file, the model and its precision: a file an answer, at
 * `MODEL/ab/cdef…`. Any number of processes may use it at once; what is damaged counts as not there.
 */
export class EmbeddingCache {
  /** Folders by model, in the scorers' order. */
  readonly #folders: ReadonlyMap<string, string>

  constructor(folder: string, scorers: readonly Scorer[]) {
    this.#folders = new Map(scorers.map((scorer) => [scorer.kind.name, join(folder, folderOf(scorer))]))
  }

  hash(bytes: Uint8Array): string {
    return createHash('sha256').update(bytes).digest('hex')
  }

  async find(hash: string): Promise<CachedImage> {
    const found = await Promise.all(
      [...this.#folders].map(async ([kind, folder]) => ({
        kind,
        entry: await readEntry(pathIn(folder, hash)),
      })),
    )
    const answers = new Map(
      found.flatMap(({ kind, entry }) => (entry ? [[kind, entry.answer] as const] : [])),
    )
    const size = found.find(({ entry }) => entry)?.entry?.size ?? { width: 0, height: 0 }
    return { size, answers }
  }

  /** Throws `OutputError` where the folder cannot be written to. */
  async keep(hash: string, kind: string, size: CachedImage['size'], answer: EncodedImage): Promise<void> {
    const path = pathIn(this.#folders.get(kind)!, hash)
    const partial = `${path}.${randomUUID()}`
    const entry = packEntry(size, answer)
    try {
      await writeFile(partial, entry).catch(async (error: NodeJS.ErrnoException) => {
        if (error.code !== 'ENOENT') throw error
        await makeFolder(dirname(path))
        await writeFile(partial, entry)
      })
      await rename(partial, path)
    } catch (cause) {
      await rm(partial, { force: true })
      const isFull = ['ENOSPC', 'EDQUOT'].includes((cause as NodeJS.ErrnoException).code ?? '')
      throw new OutputError(
        isFull ? 'output_no_space' : 'output_failed',
        `The cache ${path} cannot be written (${(cause as Error).message}). Check its folder and the space that is left, or go on ` +
          'without --cache.',
        { path, cause },
      )
    }
  }
}

/** Which weights these are: a model that was converted anew has other numbers, and so a folder of its own. */
function folderOf({ info, kind, vision }: Scorer): string {
  const { model, revision, origin, dtype, digest } = info
  const { preprocess, projectionDim } = vision.parts
  const identity = JSON.stringify([model, digest ?? [revision, origin], preprocess, projectionDim])
  return `${kind.name}-${dtype}-${createHash('sha256').update(identity).digest('hex').slice(0, 16)}`
}

const pathIn = (folder: string, hash: string): string =>
  join(folder, hash.slice(0, 2), hash.slice(2, 4), hash.slice(4))

function packEntry({ width, height }: CachedImage['size'], { embeds, logit }: EncodedImage): Buffer {
  const entry = Buffer.alloc(HEADER + embeds.length * 4 + CHECK)
  entry.writeUInt32LE(LAYOUT, 0)
  entry.writeUInt32LE(width, 4)
  entry.writeUInt32LE(height, 8)
  entry.writeUInt32LE(logit === undefined ? 0 : 1, 12)
  entry.writeFloatLE(logit ?? 0, 16)
  entry.set(new Uint8Array(embeds.buffer, embeds.byteOffset, embeds.byteLength), HEADER)
  checkOf(entry).copy(entry, entry.length - CHECK)
  return entry
}

const checkOf = (entry: Buffer): Buffer =>
  createHash('sha256').update(entry.subarray(0, -CHECK)).digest().subarray(0, CHECK)

async function readEntry(
  path: string,
): Promise<{ readonly size: CachedImage['size']; readonly answer: EncodedImage } | undefined> {
  const entry = await readFile(path).catch(() => undefined)
  if (!entry || entry.length <= HEADER + CHECK || entry.readUInt32LE(0) !== LAYOUT) return undefined
  if (!checkOf(entry).equals(entry.subarray(-CHECK))) return undefined
  const embeds = new Float32Array(
    entry.buffer.slice(entry.byteOffset + HEADER, entry.byteOffset + entry.length - CHECK),
  )
  const answer = entry.readUInt32LE(12) === 1 ? { embeds, logit: entry.readFloatLE(16) } : { embeds }
  return { size: { width: entry.readUInt32LE(4), height: entry.readUInt32LE(8) }, answer }
}
