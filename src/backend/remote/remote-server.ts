import { abortable } from '../../base/waiting/abortable.ts'
import { Deadline } from '../../base/waiting/deadline.ts'
import { Gate } from '../../base/waiting/gate.ts'
import type { Tensors } from '../backend.ts'
import type { InferRequest } from '../open-inference/infer-message.ts'
import { joinRows, rowsOf, sliceRows, withoutLastOne } from './rows.ts'
import { ServerFault, type Transport } from './transport.ts'

/** Requests that are under way at one server: enough that it never waits for us. */
const AT_ONCE = 4

export interface RemoteServerOptions {
  readonly url: string
  /** Finds out how the server is spoken to. */
  readonly connect: (signal: AbortSignal) => Promise<Transport>
  readonly maxBytes: number
  /** Milliseconds a request may take. */
  readonly timeout: number
}

/** One server of a pool: how it is spoken to, what it can take, and how it has been lately. */
export class RemoteServer {
  readonly url: string
  /** Rows that are under way. */
  busy = 0
  /** Until when it is passed over, on the clock of `performance.now()`. */
  deadUntil = 0
  /** Faults in a row, each without an answer. */
  #silences = 0
  #transport: Promise<Transport> | undefined
  #known: Transport | undefined
  #maxBytes: number
  /** Rows that a model takes in one request, where it takes not all. */
  readonly #maxRows = new Map<string, number>()
  readonly #gate = new Gate(AT_ONCE)

  constructor(private readonly options: RemoteServerOptions) {
    this.url = options.url
    this.#maxBytes = options.maxBytes
  }

  /** How it is spoken to, once that is known. */
  get protocol(): string | undefined {
    return this.#known?.name
  }

  /** Finds out how it is spoken to. Rejects with `ServerFault` where it does not answer. */
  async connect(signal?: AbortSignal): Promise<void> {
    await this.#within(signal, (inner) => this.#connected(inner))
  }

  async modelReady(model: string, signal?: AbortSignal): Promise<void> {
    await this.#within(signal, async (inner) => {
      const ready = await (await this.#connected(inner)).modelReady(model, inner)
      if (!ready) throw new ServerFault(`${model} is not ready there`, { temporary: true })
    })
  }

  /** Runs rows of a tower, in as many requests as their bytes take. */
  async infer(request: InferRequest, signal?: AbortSignal): Promise<Tensors> {
    const rows = rowsOf(request.inputs)
    const transport = await this.#within(signal, (inner) => this.#connected(inner))
    const whole = Object.values(request.inputs).reduce((sum, tensor) => sum + transport.weigh(tensor), 0)
    const most = this.#maxRows.get(request.model) ?? Infinity
    const needed = Math.max(whole / this.#maxBytes, (rows ?? 1) / most)
    const parts = rows === undefined ? 1 : Math.min(rows, Math.ceil(needed))
    if (parts > 1) return this.#inferParts(request, rows!, parts, signal)
    try {
      return await this.#inferOnce(request, signal)
    } catch (error) {
      if (!(error instanceof ServerFault) || rows === undefined || rows < 2) throw error
      if (error.maxRows !== undefined && error.maxRows < rows) {
        this.#maxRows.set(request.model, error.maxRows)
        return this.infer(request, signal)
      }
      if (!error.tooLarge) throw error
      // What is refused once is not sent again, but half of its rows may be.
      this.#maxBytes = Math.min(this.#maxBytes, Math.ceil((whole / rows) * Math.ceil(rows / 2)))
      return this.#inferParts(request, rows, 2, signal)
    }
  }

  close(): void {
    this.#known?.close()
    this.#known = undefined
    this.#transport = undefined
  }

  /** It answered; what it answered is another matter. */
  answered(): void {
    this.#silences = 0
    this.deadUntil = 0
  }

  /** It gave no answer: it is passed over for a second, then longer, and then found anew. */
  silent(): void {
    const now = performance.now()
    // Requests that were under way together fail together.
    if (now < this.deadUntil) return
    this.deadUntil = now + Math.min(30_000, 1000 * 2 ** this.#silences++)
    this.close()
  }

  async #inferParts(
    request: InferRequest,
    rows: number,
    parts: number,
    signal: AbortSignal | undefined,
  ): Promise<Tensors> {
    const size = Math.ceil(rows / parts)
    const starts = Array.from({ length: Math.ceil(rows / size) }, (_, i) => i * size)
    const answers = await Promise.all(
      starts.map((start) =>
        this.infer(
          { ...request, inputs: sliceRows(request.inputs, start, Math.min(rows, start + size)) },
          signal,
        ),
      ),
    )
    return joinRows(answers)
  }

  async #inferOnce(request: InferRequest, signal: AbortSignal | undefined): Promise<Tensors> {
    const leave = await this.#gate.enter(1, signal)
    try {
      return await this.#within(signal, async (inner) => {
        const { outputs } = await (await this.#connected(inner)).infer(request, inner)
        return withoutLastOne(outputs, rowsOf(request.inputs))
      })
    } finally {
      leave()
    }
  }

  async #connected(signal: AbortSignal): Promise<Transport> {
    if (this.#known) return this.#known
    // On its own clock: others wait for the same.
    const connecting = (this.#transport ??= this.#within(undefined, this.options.connect))
    try {
      const transport = await abortable(connecting, signal)
      if (this.#transport === connecting) this.#known = transport
      return transport
    } catch (error) {
      if (!signal.aborted && this.#transport === connecting) this.#transport = undefined
      throw error
    }
  }

  /** Work that ends with the caller's signal or when its time is up, which is the server's fault. */
  async #within<T>(outer: AbortSignal | undefined, work: (signal: AbortSignal) => Promise<T>): Promise<T> {
    outer?.throwIfAborted()
    const { timeout } = this.options
    const deadline = new Deadline(timeout, outer)
    try {
      return await work(deadline.signal)
    } catch (error) {
      if (outer?.aborted) throw outer.reason
      if (!deadline.signal.aborted) throw error
      throw new ServerFault(`no answer within ${timeout / 1000} s`, {
        unreachable: true,
        status: 'timeout',
        cause: error,
      })
    } finally {
      deadline.end()
    }
  }
}
