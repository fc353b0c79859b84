import type * as Grpc from '@grpc/grpc-js'
import {
  decodeGrpcRequest,
  decodeModelName,
  encodeFlag,
  encodeGrpcResponse,
  encodeModelMetadata,
  encodeRepositoryIndex,
  encodeServerMetadata,
  GRPC_SERVICE,
} from '../../backend/open-inference/grpc-messages.ts'
import { MessageError } from '../../backend/open-inference/infer-message.ts'
import { loadGrpc } from '../../backend/remote/grpc-transport-node.ts'
import { type ErrorCode, IcthpError, OutputError, RequestError, show } from '../../base/errors.ts'
import { freeMemory } from '../../base/memory/free-memory-node.ts'
import { giveAway } from '../../base/memory/given-away.ts'
import { VERSION } from '../../base/version.ts'
import { TowerDesk } from './answer-infer.ts'
import type { ServedTower } from './served-tower.ts'

export interface GrpcServerOptions {
  /** Default 127.0.0.1. */
  readonly host?: string | undefined
  /** 0: any that is free. */
  readonly port: number
  /** Bytes a message may have. Default 64 MiB. */
  readonly maxBytes?: number | undefined
  /** Whether who sends this `authorization` may ask; liveness is told to all. Default: everybody may. */
  readonly authorize?: ((authorization: string | undefined) => boolean) | undefined
}

export interface GrpcServer {
  readonly port: number
  /** Takes no new calls, waits for those under way, for so many milliseconds at most. Default 5,000. */
  close(within?: number): Promise<void>
}

/** What Kubernetes and balancers ask of any gRPC server (https://github.com/grpc/grpc, health.proto). */
const HEALTH = '/grpc.health.v1.Health/Check'

type Answer = (message: Uint8Array, signal: AbortSignal) => Uint8Array | Promise<Uint8Array>

/**
 * Towers over the gRPC of the Open Inference Protocol, without TLS. Throws `InputError` `input_package_missing` where
 * @grpc/grpc-js is not installed, and `OutputError` `output_failed` where the address cannot be had.
 */
export async function serveGrpc(
  towers: readonly ServedTower[],
  { host = '127.0.0.1', port, maxBytes = 64 << 20, authorize = () => true }: GrpcServerOptions,
): Promise<GrpcServer> {
  const grpc = await loadGrpc()
  const server = new grpc.Server({
    'grpc.max_receive_message_length': maxBytes,
    'grpc.max_send_message_length': -1,
  })
  const answers = answersOf(new TowerDesk(towers))
  const open = new Set(['ServerLive', 'ServerReady', HEALTH])
  server.addService(
    definitionOf(Object.keys(answers)),
    Object.fromEntries(
      Object.entries(answers).map(([method, answer]) => [
        method,
        (call: Grpc.ServerUnaryCall<Uint8Array, Uint8Array>, reply: Grpc.sendUnaryData<Uint8Array>): void => {
          const [authorization] = call.metadata.get('authorization')
          const allowed = open.has(method) || authorize(authorization?.toString())
          void handle(grpc, call, allowed ? answer : refuse, reply)
        },
      ]),
    ),
  )
  const bound = await new Promise<number>((resolve, reject) =>
    server.bindAsync(
      `${host.includes(':') ? `[${host}]` : host}:${port}`,
      grpc.ServerCredentials.createInsecure(),
      (error, at) => (error ? reject(cannotListen(host, port, error)) : resolve(at)),
    ),
  )
  return { port: bound, close: (within = 5000) => close(server, within) }
}

function cannotListen(host: string, port: number, cause: Error): OutputError {
  const why = /EADDRINUSE/.test(cause.message) ? 'something else listens there' : cause.message
  return new OutputError(
    'output_failed',
    `The gRPC server cannot listen on ${host}:${port}: ${why}. Choose another --grpc-port or --host.`,
    { host, port, cause },
  )
}

function answersOf(desk: TowerDesk): Record<string, Answer> {
  return {
    ServerLive: () => encodeFlag(true),
    ServerReady: () => encodeFlag(true),
    ModelReady: (message) => {
      const { name, version } = decodeModelName(message)
      desk.tower(name, version)
      return encodeFlag(true)
    },
    ServerMetadata: () => encodeServerMetadata({ name: 'icthp', version: VERSION, extensions: [] }),
    ModelMetadata: (message) => {
      const { name, version } = decodeModelName(message)
      return encodeModelMetadata(desk.metadata(name, version))
    },
    RepositoryIndex: () => encodeRepositoryIndex(desk.index()),
    [HEALTH]: (message) => {
      const { name } = decodeModelName(message)
      if (name === '' || name === GRPC_SERVICE) return encodeFlag(true)
      throw new RequestError('request_not_found', `There is no service ${show(name)} here.`)
    },
    ModelInfer: async (message, signal) => {
      const request = decodeGrpcRequest(message)
      // Its tensors are copies, and nobody's but the tower's.
      freeMessage(message)
      for (const { data } of Object.values(request.inputs)) giveAway(data)
      return encodeGrpcResponse(await desk.infer(request, signal))
    },
  }
}

/** Bytes before a message: whether it is packed, and its length. */
const FRAME = 5

/** What was put together for one message, with its frame: large ones have memory of their own. */
function freeMessage({ buffer, byteOffset, byteLength }: Uint8Array): void {
  if (byteOffset === FRAME && buffer.byteLength === FRAME + byteLength) freeMemory([new Uint8Array(buffer)])
}

function refuse(): never {
  throw new RequestError(
    'request_unauthorized',
    'The token is missing or wrong. Send authorization: Bearer TOKEN.',
  )
}

/** Bytes in, bytes out: what is no message is told as such, and not as a fault of the transport. */
const definitionOf = (methods: readonly string[]): Grpc.ServiceDefinition =>
  Object.fromEntries(
    methods.map((method) => [
      method,
      {
        path: method.startsWith('/') ? method : `/${GRPC_SERVICE}/${method}`,
        requestStream: false,
        responseStream: false,
        requestSerialize: bufferOf,
        requestDeserialize: (bytes: Buffer): Uint8Array => bytes,
        responseSerialize: bufferOf,
        responseDeserialize: (bytes: Buffer): Uint8Array => bytes,
      },
    ]),
  )

const bufferOf = (bytes: Uint8Array): Buffer => Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)

async function handle(
  grpc: typeof Grpc,
  call: Grpc.ServerUnaryCall<Uint8Array, Uint8Array>,
  answer: Answer,
  reply: Grpc.sendUnaryData<Uint8Array>,
): Promise<void> {
  const stop = new AbortController()
  call.on('cancelled', () => stop.abort(new Error('the client went away')))
  try {
    reply(null, await answer(call.request, stop.signal))
  } catch (error) {
    reply(statusOf(grpc, error))
  }
}

function statusOf({ status }: typeof Grpc, error: unknown): Pick<Grpc.StatusObject, 'code' | 'details'> {
  if (error instanceof MessageError)
    return { code: status.INVALID_ARGUMENT, details: `The request cannot be read: ${error.message}.` }
  if (!(error instanceof IcthpError)) return { code: status.INTERNAL, details: 'The server failed.' }
  const codes: Partial<Record<ErrorCode, Grpc.status>> = {
    request_invalid: status.INVALID_ARGUMENT,
    request_unauthorized: status.UNAUTHENTICATED,
    request_not_found: status.NOT_FOUND,
    request_too_large: status.RESOURCE_EXHAUSTED,
    request_overloaded: status.RESOURCE_EXHAUSTED,
    request_closing: status.UNAVAILABLE,
    request_timeout: status.DEADLINE_EXCEEDED,
  }
  return { code: codes[error.code] ?? status.INTERNAL, details: error.message }
}

async function close(server: Grpc.Server, within: number): Promise<void> {
  await new Promise<void>((resolve) => {
    const timer = setTimeout(() => {
      server.forceShutdown()
      resolve()
    }, within)
    server.tryShutdown(() => {
      clearTimeout(timer)
      resolve()
    })
  })
}
