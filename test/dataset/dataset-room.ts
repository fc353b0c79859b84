import { mkdir, mkdtemp, readdir, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { parquetReadObjects } from 'hyparquet'
import { asyncBufferFromFile } from 'hyparquet/src/node.js'
import { parquetWriteBuffer } from 'hyparquet-writer'
import { packTar } from 'modern-tar'
import { afterEach, beforeEach } from 'vitest'
import { createFakeScorers, type FakeScorers } from '../../src/testing.ts'

export interface DatasetRoom {
  /** A fresh folder. */
  folder: string
  at(...parts: string[]): string
  write(path: string, content: string | Uint8Array): Promise<string>
  /** A tar of these files, in this order. */
  tar(path: string, files: Readonly<Record<string, string | Uint8Array>>): Promise<string>
  parquet(path: string, columns: Parameters<typeof parquetWriteBuffer>[0]['columnData']): Promise<string>
}

export function datasetRoom(): DatasetRoom {
  const room = {} as DatasetRoom
  room.at = (...parts) => join(room.folder, ...parts)
  room.write = async (path, content) => {
    await mkdir(dirname(room.at(path)), { recursive: true })
    await writeFile(room.at(path), content)
    return room.at(path)
  }
  room.tar = (path, files) => makeTar(files).then((bytes) => room.write(path, bytes))
  room.parquet = (path, columnData) => room.write(path, new Uint8Array(parquetWriteBuffer({ columnData })))
  beforeEach(async () => {
    room.folder = await mkdtemp(join(tmpdir(), 'icthp-dataset-'))
  })
  afterEach(() => rm(room.folder, { recursive: true, force: true }))
  return room
}

export const makeTar = (files: Readonly<Record<string, string | Uint8Array>>): Promise<Uint8Array> =>
  packTar(
    Object.entries(files).map(([name, content]) => {
      const body = typeof content === 'string' ? bytesOf(content) : content
      return { header: { name, size: body.length, mtime: new Date(0) }, body }
    }),
  )

export const bytesOf = (text: string): Uint8Array => new TextEncoder().encode(text)

/** The number at the end of a picture's text, or of its name; the fakes make its scores from it. */
function numberOf(image: unknown): number {
  const text = image instanceof Uint8Array ? new TextDecoder().decode(image) : String(image)
  return Number(/(\d+)\D*$/.exec(text)?.[1])
}
export const hpOf = (number: number): number => (number % 997) / 1000 + 0.001
export const ictOf = (number: number, prompt: string): number => (number % 89) / 100 + prompt.length / 1000

/** Real scorers on fakes: a picture is a text that ends in a number, and one with `bad` in it cannot be read. */
export const fakes = (options: Parameters<typeof createFakeScorers>[0] = {}): FakeScorers =>
  createFakeScorers({
    hp: (image) => hpOf(numberOf(image)),
    ict: (image, prompt) => ictOf(numberOf(image), prompt),
    unreadable: (image) =>
      (image instanceof Uint8Array ? new TextDecoder().decode(image) : String(image)).includes('bad'),
    ...options,
  })

export type PartRow = Readonly<Record<string, unknown>>

export const readParquet = async (path: string): Promise<PartRow[]> =>
  parquetReadObjects({ file: await asyncBufferFromFile(path), utf8: false })

/** The rows of all parts of an output, by the parts' names. */
export async function readParts(out: string): Promise<Record<string, PartRow[]>> {
  const names = (await readdir(join(out, 'parts'))).sort()
  const rows = await Promise.all(names.map((name) => readParquet(join(out, 'parts', name))))
  return Object.fromEntries(names.map((name, i) => [name, rows[i]!]))
}

export const allRows = async (out: string): Promise<PartRow[]> => Object.values(await readParts(out)).flat()
