import type { Tensor } from '../backend.ts'
import { type InferRequest, type InferResponse, MessageError } from '../open-inference/infer-message.ts'
import { decodeRestResponse, encodeRestRequest } from '../open-inference/rest-messages.ts'
import { LENGTH_HEADER } from '../open-inference/rest-tensors.ts'
import { readAnswer, readMessage } from './read-answer.ts'
import { rowsAllowed, saysTooLarge } from './size-limits.ts'
import { type ServerAddress, ServerFault, type Transport } from './transport.ts'

/** Statuses after which the same may succeed. */
const TEMPORARY = new Set([408, 425, 429, 502, 503, 504])
/** What no other encoding would change. */
const NOT_FOR_ENCODING = new Set([401, 403, 404, 413, ...TEMPORARY])

/** A float32 as JSON writes it, with its comma; token ids take far less than their eight bytes twice. */
const JSON_BYTES: Readonly<Record<Tensor['dtype'], number>> = { float32: 21, int64: 16 }

/**
 * The protocol over HTTP, by `fetch`. Whether the server knows the binary extension is found out by trying: some have it
 * without saying so.
 */
export class RestTransport implements Transport {
  #binary: boolean | undefined

  constructor(private readonly address: ServerAddress) {}

  get name(): string {
    return this.#binary === false ? 'REST JSON' : 'REST binary'
  }

  async live(signal: AbortSignal): Promise<void> {
    const answer = await this.#ask('v2/health/live', signal)
    await readAnswer(answer)
    if (!answer.ok) throw notLive(answer.status)
  }

  async modelReady(model: string, signal: AbortSignal): Promise<boolean> {
    const answer = await this.#ask(`v2/models/${encodeURIComponent(model)}/ready`, signal)
    if (answer.ok) {
      await readAnswer(answer)
      return true
    }
    const fault = await faultOf(answer)
    const { message, status } = fault
    // Triton says so with 400 and OpenVINO Model Server with 404.
    if (/not ready|not loaded yet/i.test(message)) throw new ServerFault(message, { status, temporary: true })
    throw fault
  }

  async infer(request: InferRequest, signal: AbortSignal): Promise<InferResponse> {
    if (this.#binary !== undefined) return this.#infer(request, this.#binary, signal)
    try {
      const response = await this.#infer(request, true, signal)
      this.#binary = true
      return response
    } catch (error) {
      if (!mayBeTheEncoding(error)) throw error
    }
    // What JSON cannot do either is the server's own fault, and it says more of it.
    const response = await this.#infer(request, false, signal)
    this.#binary = false
    return response
  }

  weigh({ dtype, data }: Tensor): number {
    return this.#binary === false ? data.length * JSON_BYTES[dtype] : data.byteLength
  }

  close(): void {
    // Connections are fetch's own.
  }

  async #infer(request: InferRequest, binary: boolean, signal: AbortSignal): Promise<InferResponse> {
    const { body, headers } = encodeRestRequest({ id: newId(), ...request }, binary)
    const path = `v2/models/${encodeURIComponent(request.model)}/infer`
    const answer = await this.#ask(path, signal, {
      method: 'POST',
      body: body as Uint8Array<ArrayBuffer>,
      headers,
    })
    if (!answer.ok) throw await faultOf(answer)
    const bytes = await readAnswer(answer)
    try {
      return decodeRestResponse(bytes, answer.headers.get(LENGTH_HEADER))
    } catch (cause) {
      if (!(cause instanceof MessageError)) throw cause
      throw new ServerFault(`its answer cannot be read: ${cause.message}`, { cause, status: answer.status })
    }
  }

  async #ask(path: string, signal: AbortSignal, init: RequestInit = {}): Promise<Response> {
    try {
      return await fetch(`${this.address.url}/${path}`, {
        ...init,
        headers: { ...this.address.headers, ...(init.headers as Record<string, string> | undefined) },
        signal,
        // A token is for the server that was named, and a body is not sent twice.
        redirect: 'manual',
      })
    } catch (cause) {
      if (signal.aborted) throw signal.reason
      throw new ServerFault(reasonOf(cause), { unreachable: true, cause })
    }
  }
}

/** Optional in the protocol; but KServe answers 500 where a runtime hands on the id of a request that has none. */
const newId = (): string => Math.random().toString(36).slice(2)

const mayBeTheEncoding = (error: unknown): boolean =>
  error instanceof ServerFault &&
  !(error.unreachable || error.tooLarge || error.maxRows !== undefined) &&
  !NOT_FOR_ENCODING.has(Number(error.status))

function notLive(status: number): ServerFault {
  if (status !== 404)
    return new ServerFault(`it is not live (HTTP ${status})`, { status, temporary: TEMPORARY.has(status) })
  return new ServerFault(
    'it has no /v2/health/live (HTTP 404), so it does not speak the Open Inference Protocol at this address',
    { status },
  )
}

async function faultOf(answer: Response): Promise<ServerFault> {
  const { status } = answer
  const message = await readMessage(answer)
  const after = Number(answer.headers.get('retry-after') ?? NaN)
  return new ServerFault(message, {
    status,
    temporary: TEMPORARY.has(status),
    tooLarge: status === 413 || (status === 400 && saysTooLarge(message)),
    maxRows: rowsAllowed(message),
    retryAfter: after >= 0 ? after * 1000 : undefined,
  })
}

/** undici says only `fetch failed`; what happened is its cause. */
function reasonOf(cause: unknown): string {
  const inner = cause instanceof Error ? cause.cause : undefined
  const told = inner instanceof Error && inner.message ? inner : cause
  const code = (told as { code?: unknown } | undefined)?.code
  return told instanceof Error && told.message ? told.message : String(code ?? told)
}
