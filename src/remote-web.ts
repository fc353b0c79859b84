import { RemoteBackend as Remote } from './backend/remote/remote-backend.ts'
import type { RemoteOptions } from './backend/remote/remote-options.ts'

export type { RemoteProtocol } from './backend/remote/find-transport.ts'
export type { RemoteOptions, RemoteTower } from './backend/remote/remote-options.ts'

/** `icthp/remote` for browsers: towers that run elsewhere, over REST alone. */
export class RemoteBackend extends Remote {
  /** Throws `InputError` `input_invalid_option`. */
  constructor(options: RemoteOptions) {
    super(options)
  }
}
