/** `icthp/remote` for browsers: REST alone. */
import { RemoteBackend as Remote } from './backend/remote/remote-backend.ts'
import type { RemoteOptions } from './backend/remote/remote-options.ts'

export type { RemoteProtocol } from './backend/remote/find-transport.ts'
export type { RemoteOptions, RemoteTower } from './backend/remote/remote-options.ts'

/** {@link Remote} without gRPC, which browsers do not speak. */
export class RemoteBackend extends Remote {
  /** Throws `InputError` `input_invalid_option`. */
  constructor(options: RemoteOptions) {
    super(options)
  }
}
