import { afterAll, beforeAll, describe, it } from 'vitest'
import { OrtNodeBackend } from '../../src/backend/ort-node.ts'
import { backendConformance } from '../../src/testing.ts'
import { placeOnDisk } from '../testing/plain-ort-backend.ts'

let disk: Awaited<ReturnType<typeof placeOnDisk>>
beforeAll(async () => void (disk = await placeOnDisk()))
afterAll(() => disk.remove())

describe('conformance', () => {
  const cases = backendConformance(() => new OrtNodeBackend(), { place: (bytes, name) => disk.place(bytes, name), device: 'cpu' })
  for (const { name, run } of cases) it(name, run)
})
