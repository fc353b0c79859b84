import type { Tensor } from '../backend.ts'
import type { InferRequest, InferResponse } from '../open-inference/infer-message.ts'

/** One way to speak to one server. Every method rejects with {@link ServerFault}, or with the signal's reason. */
export interface Transport {
  /** Shown to users: `gRPC`, `REST binary`, `REST JSON`. */
  readonly name: string
  /** Whether a server of the protocol answers at all. */
  live(signal: AbortSignal): Promise<void>
  /** Whether the server has a model and it is ready; rejects with what the server says where it has none. */
  modelReady(model: string, signal: AbortSignal): Promise<boolean>
  infer(request: InferRequest, signal: AbortSignal): Promise<InferResponse>
  /** About how many bytes a tensor takes in a request. */
  weigh(tensor: Tensor): number
  close(): void
}

/** Where a server is. */
export interface ServerAddress {
  /** Without a slash at its end, and without a password. */
  readonly url: string
  /** Sent with every request, what the address itself says of a user included. */
  readonly headers: Readonly<Record<string, string>>
}

/** Connects by gRPC; injected, since only Node can. Rejects with `InputError` where its package is not installed. */
export type ConnectGrpc = (host: string, options: GrpcOptions) => Promise<Transport>

export interface GrpcOptions {
  readonly secure: boolean
  readonly headers: Readonly<Record<string, string>>
}

/** What a server, or the way to it, made of a request. */
export class ServerFault extends Error {
  override readonly name = 'ServerFault'
  /** The same may succeed soon. */
  readonly temporary: boolean
  /** No answer came at all: the server is away, or took too long. */
  readonly unreachable: boolean
  /** The request was larger than the server takes. */
  readonly tooLarge: boolean
  /** How many rows the model takes in one request, where more were sent. */
  readonly maxRows: number | undefined
  /** HTTP status, or the name of a gRPC one. */
  readonly status: number | string | undefined
  /** Milliseconds after which the server wants to be asked again. */
  readonly retryAfter: number | undefined

  constructor(message: string, kind: FaultKind = {}) {
    super(message, kind.cause === undefined ? undefined : { cause: kind.cause })
    this.unreachable = kind.unreachable ?? false
    this.temporary = kind.temporary ?? this.unreachable
    this.tooLarge = kind.tooLarge ?? false
    this.maxRows = kind.maxRows
    this.status = kind.status
    this.retryAfter = kind.retryAfter
  }
}

interface FaultKind {
  readonly temporary?: boolean
  readonly unreachable?: boolean
  readonly tooLarge?: boolean
  readonly maxRows?: number | undefined
  readonly status?: number | string | undefined
  readonly retryAfter?: number | undefined
  readonly cause?: unknown
}
