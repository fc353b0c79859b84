import { missingShard } from '../sources/missing.ts'
import type { Store } from '../store/store.ts'
import { storedJson } from '../store/stored-json.ts'

const nameOfList = (shard: string): string => `plan/files/${shard}.json`

/** Which images are in a shard of loose files, relative to its address. */
export async function readFileList(out: Store, shard: string): Promise<string[]> {
  const bytes = await out.read(nameOfList(shard))
  const where = out.address + nameOfList(shard)
  if (!bytes) throw missingShard(where)
  return storedJson<string[]>(bytes, where, (names) => Array.isArray(names))
}

export async function writeFileList(out: Store, shard: string, names: readonly string[]): Promise<void> {
  await out.create(nameOfList(shard), new TextEncoder().encode(JSON.stringify(names)))
}
