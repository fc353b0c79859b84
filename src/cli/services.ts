import type { InferenceBackend } from '../backend/backend.ts'
import type { RemoteOptions } from '../backend/remote/remote-options.ts'
import type { Environment } from '../base/environment.ts'
import type { convertCheckpoints, exportRepository } from '../convert/index.ts'
import type { verifyModel } from '../evaluation/verify-model-node.ts'
import type { ModelHub } from '../hub/hub.ts'
import type { ImageDecoder } from '../image/decoder.ts'
import type { DefaultModel } from '../models/default-model-node.ts'
import type { pullOfficial } from '../models/pull-official-node.ts'

/** The parts of icthp that need a machine. Each is loaded when a command first needs it: `--help` loads none. */
export interface CliServices {
  /** `tryCpu`: the CPU is not taken for granted. */
  backend(options?: { readonly tryCpu: boolean }): Promise<InferenceBackend>
  /** Towers that run elsewhere. */
  remoteBackend(options: RemoteOptions): Promise<InferenceBackend>
  /** `sharp: false`: WebAssembly even where sharp is installed. `idleSeconds`: its threads end after so long without work. */
  decoder(options: {
    readonly sharp: boolean
    readonly idleSeconds?: number | undefined
  }): Promise<ImageDecoder>
  hub(): Promise<ModelHub>
  /** What runs without `--model`. */
  defaultModel(env: Environment): Promise<DefaultModel>
  convertCheckpoints: typeof convertCheckpoints
  pullOfficial: typeof pullOfficial
  exportRepository: typeof exportRepository
  verifyModel: typeof verifyModel
  /** The version of a package as it is installed; `undefined` where it is not. */
  packageVersion(name: string): Promise<string | undefined>
}

const ONE_PIXEL = { data: new Uint8Array(3), width: 1, height: 1, channels: 3 } as const

export const nodeServices: CliServices = {
  backend: async (options) =>
    new (await import('../backend/ort-node/ort-backend-node.ts')).OrtNodeBackend(options),
  remoteBackend: async (options) => {
    const [{ RemoteBackend }, { connectGrpc }] = await Promise.all([
      import('../backend/remote/remote-backend.ts'),
      import('../backend/remote/grpc-transport-node.ts'),
    ])
    return new RemoteBackend(options, connectGrpc)
  },
  decoder: async ({ sharp, idleSeconds }) => {
    const { createNodeDecoder } = await import('../image/decoder-node.ts')
    const decoder = createNodeDecoder({ sharp: sharp ? 'auto' : 'never', idleSeconds })
    // Its first thread starts while a model loads, not after that; what it says of this is said of a picture, too.
    decoder.decode(ONE_PIXEL).catch(() => {})
    return decoder
  },
  hub: async () => (await import('../hub/hub-node.ts')).createNodeHub(),
  defaultModel: async (env) => (await import('../models/default-model-node.ts')).findDefaultModel(env),
  convertCheckpoints: async (options) => (await import('../convert/index.ts')).convertCheckpoints(options),
  pullOfficial: async (options) => (await import('../models/pull-official-node.ts')).pullOfficial(options),
  exportRepository: async (options) => (await import('../convert/index.ts')).exportRepository(options),
  verifyModel: async (options) => (await import('../evaluation/verify-model-node.ts')).verifyModel(options),
  packageVersion: async (name) => (await import('../worker/package-version-node.ts')).packageVersion(name),
}
