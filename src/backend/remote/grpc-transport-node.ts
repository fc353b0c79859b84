import type * as Grpc from '@grpc/grpc-js'
import { InputError } from '../../base/errors.ts'
import { freeMemory } from '../../base/memory/free-memory-node.ts'
import { onAbort } from '../../base/waiting/on-abort.ts'
import type { Tensor } from '../backend.ts'
import {
  decodeFlag,
  decodeGrpcResponse,
  encodeGrpcRequest,
  encodeModelName,
  GRPC_SERVICE,
} from '../open-inference/grpc-messages.ts'
import { type InferRequest, type InferResponse, MessageError } from '../open-inference/infer-message.ts'
import { rowsAllowed, saysTooLarge } from './size-limits.ts'
import { type GrpcOptions, ServerFault, type Transport } from './transport.ts'

type GrpcModule = typeof Grpc

/** Throws `InputError` `input_package_missing` where @grpc/grpc-js is not installed. */
export async function loadGrpc(): Promise<GrpcModule> {
  try {
    const loaded = (await import('@grpc/grpc-js')) as GrpcModule & { readonly default?: GrpcModule }
    // CommonJS: not every loader names what it exports.
    return loaded.default ?? loaded
  } catch (cause) {
    throw new InputError(
      'input_package_missing',
      "gRPC needs @grpc/grpc-js, which is not installed. Run `npm install @grpc/grpc-js`, or use protocol: 'http'.",
      { package: '@grpc/grpc-js', cause },
    )
  }
}

/** Connects when the first call is made. `host`: `name:port`. */
export async function connectGrpc(host: string, options: GrpcOptions): Promise<Transport> {
  return new GrpcTransport(await loadGrpc(), host, options)
}

/** The protocol over gRPC, on one channel. */
class GrpcTransport implements Transport {
  readonly name = 'gRPC'
  readonly #client: Grpc.Client
  readonly #metadata: Grpc.Metadata

  constructor(
    private readonly grpc: GrpcModule,
    host: string,
    { secure, headers }: GrpcOptions,
  ) {
    const credentials = secure ? grpc.credentials.createSsl() : grpc.credentials.createInsecure()
    this.#client = new grpc.Client(host, credentials, {
      'grpc.max_receive_message_length': -1,
      'grpc.max_send_message_length': -1,
      // What may be tried again, and where, the pool decides.
      'grpc.enable_retries': 0,
      // A channel of its own: one that waits to reconnect must not hold up a later one.
      'grpc.use_local_subchannel_pool': 1,
      'grpc.initial_reconnect_backoff_ms': 200,
      'grpc.max_reconnect_backoff_ms': 2000,
    })
    this.#metadata = new grpc.Metadata()
    for (const [name, value] of Object.entries(headers)) this.#metadata.set(name, value)
  }

  async live(signal: AbortSignal): Promise<void> {
    if (!decodeFlag(await this.#call('ServerLive', new Uint8Array(), signal)))
      throw new ServerFault('it is not live', { temporary: true })
  }

  async modelReady(model: string, signal: AbortSignal): Promise<boolean> {
    return decodeFlag(await this.#call('ModelReady', encodeModelName(model), signal))
  }

  async infer(request: InferRequest, signal: AbortSignal): Promise<InferResponse> {
    const answer = await this.#call('ModelInfer', encodeGrpcRequest(request), signal)
    try {
      return decodeGrpcResponse(answer)
    } catch (cause) {
      if (!(cause instanceof MessageError)) throw cause
      throw new ServerFault(`its answer cannot be read: ${cause.message}`, { cause })
    }
  }

  weigh({ data }: Tensor): number {
    return data.byteLength
  }

  close(): void {
    this.#client.close()
  }

  #call(method: string, message: Uint8Array, signal: AbortSignal): Promise<Uint8Array> {
    return new Promise((resolve, reject) => {
      if (signal.aborted) return reject(signal.reason as Error)
      const call = this.#start(method, message, (error, answer) => {
        forget()
        // A copy of it went over the wire.
        freeMemory([message])
        if (signal.aborted) reject(signal.reason as Error)
        else if (error) reject(faultOf(this.grpc, error))
        else resolve(answer!)
      })
      const forget = onAbort(signal, () => call.cancel())
    })
  }

  #start(method: string, message: Uint8Array, done: Grpc.requestCallback<Uint8Array>): Grpc.ClientUnaryCall {
    try {
      return this.#client.makeUnaryRequest(
        `/${GRPC_SERVICE}/${method}`,
        (bytes: Uint8Array) => Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength),
        (bytes: Buffer): Uint8Array => bytes,
        message,
        this.#metadata,
        done,
      )
    } catch (cause) {
      // Another request has found the server away, and closed the channel.
      throw new ServerFault((cause as Error).message, { unreachable: true, cause })
    }
  }
}

/** A connection that broke under a call is told as an internal error of this kind. */
const BROKEN = /RST_STREAM|Connection dropped|ECONNRESET|socket hang up|Stream (?:removed|closed)/i

function faultOf({ status }: GrpcModule, error: Grpc.ServiceError): ServerFault {
  const { code, details } = error
  const name = status[code] ?? String(code)
  const broken = code === status.INTERNAL && BROKEN.test(details)
  const tooLarge = code === status.RESOURCE_EXHAUSTED && saysTooLarge(details)
  const busy = [status.RESOURCE_EXHAUSTED, status.ABORTED, status.CANCELLED].includes(code) && !tooLarge
  return new ServerFault(`${details || 'no reason given'} (gRPC ${name})`, {
    status: name,
    unreachable: broken || code === status.UNAVAILABLE || code === status.DEADLINE_EXCEEDED,
    temporary: broken || busy || code === status.UNAVAILABLE || code === status.DEADLINE_EXCEEDED,
    tooLarge,
    maxRows: rowsAllowed(details),
    cause: error,
  })
}
