import type { Device, InferenceBackend } from '../../../src/backend/backend.ts'
import { backendConformance } from '../../../src/testing.ts'
import { OrtWebBackend } from '../../../src/web.ts'

let shared: OrtWebBackend | undefined

/** The same backend for each case that asks, since every new one starts the runtime anew; it outlives them. */
function lent(): InferenceBackend {
  const backend = (shared ??= new OrtWebBackend())
  return {
    name: backend.name,
    probe: (device) => backend.probe(device),
    load: (model, options) => backend.load(model, options),
    dispose: async () => {},
  }
}

const casesOf = (device: Device): ReturnType<typeof backendConformance> => {
  const lending = backendConformance(lent, { device })
  return backendConformance(() => new OrtWebBackend(), { device }).map((own, i) =>
    // Those of a backend's end need one that ends.
    /^(?:run|load|abort):/.test(own.name) ? lending[i]! : own,
  )
}

export const backendTests = {
  async conformanceCases(device: Device): Promise<string[]> {
    return casesOf(device).map(({ name }) => name)
  },

  /** What a case says is wrong, or nothing. */
  async conformanceCase(name: string, device: Device): Promise<string | undefined> {
    const found = casesOf(device).find((one) => one.name === name)!
    try {
      await found.run()
      return undefined
    } catch (error) {
      return String((error as Error).message)
    }
  },
}
