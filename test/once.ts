import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { mkdir } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { lockFile } from '../src/hub/files/file-lock-node.ts'

/** Where this run of vitest keeps what its files have in common. The processes of the tests inherit it. */
const PLACE = 'ICTHP_TEST_RUN'

/** vitest calls it once before all tests, and what it returns after them. */
export default function makePlace(): () => void {
  const place = mkdtempSync(join(tmpdir(), 'icthp-test-run-'))
  process.env[PLACE] = place
  return () => rmSync(place, { recursive: true, force: true, maxRetries: 3 })
}

/**
 * Has something made in a folder by whichever test file asks first; the others wait for it, and none may change it. Returns
 * the folder.
 */
export async function once(name: string, make: (folder: string) => Promise<unknown>): Promise<string> {
  const folder = join(process.env[PLACE]!, name)
  const done = `${folder}.done`
  if (existsSync(done)) return folder
  const lock = await lockFile(`${folder}.lock`)
  try {
    if (existsSync(done)) return folder
    // What a try before this one left may be half.
    rmSync(folder, { recursive: true, force: true })
    await mkdir(folder, { recursive: true })
    await make(folder)
    writeFileSync(done, '')
    return folder
  } finally {
    await lock.release()
  }
}
