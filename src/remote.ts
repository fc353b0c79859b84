/**
 * Towers that run elsewhere: at Triton, KServe, OpenVINO Model Server, MLServer or another icthp. In Node and where its
 * packages are understood; browsers get `remote-web.ts`, which differs in gRPC alone.
 */
import { connectGrpc } from './backend/remote/grpc-transport-node.ts'
import { RemoteBackend as Remote } from './backend/remote/remote-backend.ts'
import type { RemoteOptions } from './backend/remote/remote-options.ts'

export type { RemoteProtocol } from './backend/remote/find-transport.ts'
export type { RemoteOptions, RemoteTower } from './backend/remote/remote-options.ts'

/** {@link Remote} with gRPC, where `@grpc/grpc-js` is installed. */
export class RemoteBackend extends Remote {
  /** Throws `InputError` `input_invalid_option`. */
  constructor(options: RemoteOptions) {
    super(options, connectGrpc)
  }
}
