import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { DataFile } from '../../../src/checkpoint/data-file.ts'
import { readZipDirectory, zipDataOffset } from '../../../src/checkpoint/zip/zip-directory.ts'
import { storedZip } from '../../checkpoint/stored-archive.ts'
import { corpusOf } from '../corpus.ts'
import type { FuzzTarget } from '../fuzz.ts'
import { outcomeOf } from './checkpoints.ts'

type Files = readonly (readonly [name: string, bytes: Uint8Array])[]

const folders = ['torch', 'torch-odd'] as const
const zips = await Promise.all(
  folders.flatMap((folder) =>
    corpusOf(folder, /^[^/]*\.(?:bin|ckpt|pt)$/).map(([name]) => unpacked(folder, name)),
  ),
)
const packed = new Map(zips.filter((zip) => zip !== undefined))
const headers = corpusOf('torch', /^edges\.safetensors$/).map(
  ([name, bytes]) => [name, bytes.subarray(8, 8 + headerLength(bytes)), bytes] as const,
)

/**
 * What lies within the containers: pickles in archives whose checksums are right again, and headers whose lengths are.
 * Mutants of the files themselves end at a checksum before they come so far.
 */
export const pickles: FuzzTarget = {
  name: 'pickles',
  corpus: [
    ...[...packed].map(([name, files]) => [name, files.find(([entry]) => entry === 'data.pkl')![1]] as const),
    ...headers.map(([name, header]) => [name, header] as const),
  ],
  async run(mutant, name) {
    const folder = mkdtempSync(join(tmpdir(), 'icthp-fuzz-'))
    try {
      const path = join(folder, 'mutant')
      writeFileSync(path, repacked(name, mutant))
      return await outcomeOf(path)
    } finally {
      rmSync(folder, { recursive: true })
    }
  },
}

function repacked(name: string, mutant: Uint8Array): Uint8Array {
  const files = packed.get(name)
  if (files) return storedZip({ ...Object.fromEntries(files), 'data.pkl': mutant })
  const whole = headers.find(([header]) => header === name)![2]
  const length = new Uint8Array(new BigUint64Array([BigInt(mutant.length)]).buffer)
  return Buffer.concat([length, mutant, whole.subarray(8 + headerLength(whole))])
}

function headerLength(bytes: Uint8Array): number {
  return Number(new DataView(bytes.buffer, bytes.byteOffset).getBigUint64(0, true))
}

/** The entries of an archive that can be read, without their folder. */
async function unpacked(folder: string, name: string): Promise<readonly [string, Files] | undefined> {
  const file = await DataFile.open(
    fileURLToPath(new URL(`../../fixtures/${folder}/${name}`, import.meta.url)),
  )
  try {
    const entries: (readonly [string, Uint8Array])[] = []
    for (const entry of (await readZipDirectory(file)).values()) {
      const bytes = await file.bytes(await zipDataOffset(file, entry), entry.size)
      entries.push([entry.name.slice(entry.name.indexOf('/') + 1), bytes])
    }
    return entries.some(([entry]) => entry === 'data.pkl') ? [`${folder}/${name}`, entries] : undefined
  } catch {
    return undefined
  } finally {
    await file.close()
  }
}
