import { IcthpError, InputError } from '../../base/errors.ts'
import { Deadline } from '../../base/waiting/deadline.ts'
import { RestTransport } from './rest-transport.ts'
import type { ServerUrl } from './server-url.ts'
import { type ConnectGrpc, ServerFault, type Transport } from './transport.ts'

export const PROTOCOLS = ['auto', 'grpc', 'http'] as const
/** `http`: REST, with binary tensors where the server knows them. */
export type RemoteProtocol = (typeof PROTOCOLS)[number]

/** Milliseconds in which a port shows that it speaks gRPC. */
const GRPC_ANSWERS_WITHIN = 2000

/**
 * How a server is spoken to, found out by trying: gRPC where it answers (on the port that was named, else on the next one,
 * where Triton, KServe and MLServer have it), else REST. Rejects with `ServerFault` where nothing answers.
 */
export async function findTransport(
  server: ServerUrl,
  protocol: RemoteProtocol,
  connectGrpc: ConnectGrpc | undefined,
  signal: AbortSignal,
): Promise<Transport> {
  if (protocol === 'grpc' || server.isGrpc) return grpcOnly(server, connectGrpc, signal)
  const rest = new RestTransport(server)
  if (protocol === 'http' || !connectGrpc || server.path !== '') {
    await rest.live(signal)
    return rest
  }
  const [grpc, live] = await Promise.allSettled([tryGrpc(server, connectGrpc, signal), rest.live(signal)])
  if (grpc.status === 'fulfilled' && grpc.value) return grpc.value
  if (live.status === 'rejected') throw live.reason
  return rest
}

async function grpcOnly(
  { host, port, secure, headers }: ServerUrl,
  connectGrpc: ConnectGrpc | undefined,
  signal: AbortSignal,
): Promise<Transport> {
  if (!connectGrpc) {
    throw new InputError(
      'input_invalid_option',
      "Browsers cannot speak gRPC. Use protocol: 'http' and an http(s) URL.",
    )
  }
  const transport = await connectGrpc(`${host}:${port}`, { secure, headers })
  try {
    await transport.live(signal)
    return transport
  } catch (error) {
    transport.close()
    throw error
  }
}

async function tryGrpc(
  { host, port, secure, headers }: ServerUrl,
  connect: ConnectGrpc,
  signal: AbortSignal,
): Promise<Transport | undefined> {
  const answering = async (at: number, sent: typeof headers): Promise<Transport | undefined> => {
    const transport = await connect(`${host}:${at}`, { secure, headers: sent })
    const deadline = new Deadline(GRPC_ANSWERS_WITHIN, signal)
    try {
      await transport.live(deadline.signal)
      return transport
    } catch (error) {
      transport.close()
      if (error instanceof ServerFault || deadline.signal.aborted) return undefined
      throw error
    } finally {
      deadline.end()
    }
  }
  try {
    // Of a port that nobody named it is known first what it is: a token is not for anyone who listens there.
    const next = secure || port >= 65535 ? undefined : answering(port + 1, {})
    const [same, beside] = await Promise.all([answering(port, headers), next])
    if (same || !beside) {
      beside?.close()
      return same
    }
    beside.close()
    return await connect(`${host}:${port + 1}`, { secure, headers })
  } catch (error) {
    // Without its package there is REST.
    if (error instanceof IcthpError) return undefined
    throw error
  }
}
