import { createHash } from 'node:crypto'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { Worker } from 'node:worker_threads'
import { afterAll, beforeAll, expect, test, vi } from 'vitest'
import { Digester } from '../../../src/convert/write/digester.ts'
import type * as WorkerUrls from '../../../src/worker/worker-url-node.ts'

const broken: { url: URL | undefined } = { url: undefined }
vi.mock('../../../src/worker/worker-url-node.ts', async (original) => {
  const actual = await original<typeof WorkerUrls>()
  return {
    ...actual,
    startThread: (name: 'digest') => (broken.url ? new Worker(broken.url) : actual.startThread(name)),
  }
})

let folder: string
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'icthp-digester-'))
})
afterAll(() => rm(folder, { recursive: true }))

test.each([
  ['ends', 'process.exit(7)', 'The thread that hashes files ended with code 7.'],
  ['fails', "throw new Error('out of luck')", 'out of luck'],
])('a thread that %s is heard of, and the next file gets another', async (how, code, says) => {
  const digester = new Digester()
  try {
    const script = join(folder, `${how}.mjs`)
    await writeFile(script, code)
    broken.url = pathToFileURL(script)
    const path = join(folder, 'data')
    await writeFile(path, 'abc')
    const lost = digester.follow(path)
    lost.grown(2)
    await expect(lost.whole(3)).rejects.toThrow(says)
    // Long after: nothing comes any more.
    await expect(lost.whole(3)).rejects.toThrow(says)

    broken.url = undefined
    const sha256 = createHash('sha256').update('abc').digest('hex')
    expect(await digester.follow(path).whole(3)).toEqual({ size: 3, sha256 })
  } finally {
    await digester.dispose()
  }
})
