import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, vi } from 'vitest'
import type { ErrorCode, IcthpError } from '../../src/base/errors.ts'
import type { NodeHubOptions } from '../../src/hub/hub-node.ts'
import { FakeHub } from './fake-hub.ts'

export interface HubRoom {
  hub: FakeHub
  /** An empty folder, removed after the test. */
  folder: string
  /** Everything in `folder`; quick to try again. */
  options: NodeHubOptions & { cacheDir: string; urlCacheDir: string }
}

const VARIABLES = [
  ...['HF_TOKEN', 'HUGGING_FACE_HUB_TOKEN', 'HF_TOKEN_PATH', 'HF_HUB_CACHE', 'HUGGINGFACE_HUB_CACHE'],
  ...['HF_ENDPOINT', 'HF_HUB_OFFLINE', 'TRANSFORMERS_OFFLINE', 'ICTHP_CACHE'],
]

/** A fake hub and an empty cache for each test, and none of the user's own settings. */
export function hubRoom(): HubRoom {
  const room = {} as HubRoom
  beforeEach(async () => {
    room.folder = await mkdtemp(join(tmpdir(), 'icthp-hub-'))
    room.hub = await FakeHub.start()
    for (const name of VARIABLES) vi.stubEnv(name, '')
    vi.stubEnv('HF_HOME', join(room.folder, 'hf'))
    room.options = {
      endpoint: room.hub.endpoint,
      cacheDir: join(room.folder, 'hf', 'hub'),
      urlCacheDir: join(room.folder, 'icthp'),
      retry: { attempts: 3, delay: 5 },
    }
  })
  afterEach(async () => {
    vi.unstubAllEnvs()
    await room.hub.stop()
    await rm(room.folder, { recursive: true, force: true })
  })
  return room
}

/** The error that a promise rejects with, which must have this code. */
export async function failure(promise: Promise<unknown>, code: ErrorCode): Promise<IcthpError> {
  const error = (await promise.then(
    () => expect.fail(`should have thrown ${code}`),
    (reason: unknown) => reason,
  )) as IcthpError
  expect(error.code, String(error)).toBe(code)
  return error
}
