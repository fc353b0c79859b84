import type { Device } from '../../../src/backend/backend.ts'
import { backendConformance } from '../../../src/testing.ts'
import { OrtWebBackend } from '../../../src/web.ts'

export const backendTests = {
  async conformanceCases(device: Device): Promise<string[]> {
    return backendConformance(() => new OrtWebBackend(), { device }).map(({ name }) => name)
  },

  /** What a case says is wrong, or nothing. */
  async conformanceCase(name: string, device: Device): Promise<string | undefined> {
    const found = backendConformance(() => new OrtWebBackend(), { device }).find((one) => one.name === name)!
    try {
      await found.run()
      return undefined
    } catch (error) {
      return String((error as Error).message)
    }
  },
}
