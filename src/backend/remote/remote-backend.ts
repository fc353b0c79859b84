import { checkObject } from '../../base/check-object.ts'
import { BackendError, DeviceError, InputError, show } from '../../base/errors.ts'
import { abortable } from '../../base/waiting/abortable.ts'
import { onAbort } from '../../base/waiting/on-abort.ts'
import {
  type Device,
  DEVICES,
  type InferenceBackend,
  type InferenceSession,
  type LoadOptions,
  type ModelSource,
  type ProbedDevice,
} from '../backend.ts'
import { reason } from '../reason.ts'
import { findTransport } from './find-transport.ts'
import { checkRemoteOptions, type RemoteOptions } from './remote-options.ts'
import { RemoteServer } from './remote-server.ts'
import { asBackendError, RemoteSession } from './remote-session.ts'
import { ServerPool } from './server-pool.ts'
import { type ConnectGrpc, ServerFault } from './transport.ts'

/**
 * Runs the towers at a server of the Open Inference Protocol: Triton, KServe, OpenVINO Model Server, MLServer, another
 * icthp. Pixels and tokens are made here, and no weights are downloaded: of the model only its manifest is read, whose
 * self-test says at load whether the server runs the right one.
 *
 *     const backend = new RemoteBackend({ url: 'http://gpu-box:8000' })
 *     const hp = await HpScorer.fromPretrained('owner/name', { backend })
 *
 * Its one device is `remote`. `dtype` says how near the self-test must come to float32; default the most exact precision
 * of the model that the server reaches.
 */
export class RemoteBackend implements InferenceBackend {
  readonly #pool: ServerPool
  readonly #names: Readonly<Partial<Record<string, string>>>
  #end = new AbortController()

  /** Throws `InputError` `input_invalid_option`. */
  constructor(options: RemoteOptions, connectGrpc?: ConnectGrpc) {
    const { servers, protocol, maxBytes, timeout, retries, names } = checkRemoteOptions(options)
    this.#names = names
    const pool = servers.map(
      (server) =>
        new RemoteServer({
          url: server.url,
          connect: (signal) => findTransport(server, protocol, connectGrpc, signal),
          maxBytes,
          timeout,
        }),
    )
    this.#pool = new ServerPool(pool, retries)
  }

  /** For example `remote http://gpu-box:8000 (gRPC)`; how each is spoken to is known once it was spoken to. */
  get name(): string {
    const shown = this.#pool.servers.map(({ url, protocol }) => (protocol ? `${url} (${protocol})` : url))
    return `remote ${shown.join(', ')}`
  }

  /** `auto` leads to `remote`, with a note on each server that does not answer. */
  async probe(device: Device): Promise<ProbedDevice> {
    if (!DEVICES.includes(device)) {
      throw new DeviceError('device_unknown', `There is no device ${show(device)}. Use auto or remote.`, {
        device,
      })
    }
    if (device !== 'auto' && device !== 'remote') {
      throw new DeviceError(
        'device_unavailable',
        `The towers run at ${this.name}, which chooses the device. Use device: 'auto', or leave it out.`,
        { device },
      )
    }
    const { servers } = this.#pool
    const tried = await Promise.allSettled(servers.map((server) => server.connect(this.#end.signal)))
    const notes = tried.flatMap(({ status, ...rest }, i) =>
      status === 'fulfilled'
        ? []
        : [`${servers[i]!.url} does not answer: ${reason((rest as PromiseRejectedResult).reason)}`],
    )
    if (device === 'remote' && notes.length === servers.length) {
      throw new DeviceError('device_unavailable', `No server answers: ${notes.join('; ')}. Start one.`, {
        device,
      })
    }
    return { device: 'remote', notes }
  }

  /** Asks for no files. Throws `BackendError` where no server answers, or one has not the tower. */
  async load(source: ModelSource, options: LoadOptions): Promise<InferenceSession> {
    checkObject(options, 'load')
    const { signal } = options
    signal?.throwIfAborted()
    const { name, tower } = (source as Partial<ModelSource> | undefined) ?? {}
    if (typeof tower !== 'string') {
      throw new BackendError(
        'backend_failed',
        `${name === undefined ? 'This' : String(name)} is no tower that a server could have: servers run their own models, not files from here.`,
        { model: name },
      )
    }
    const model = this.#names[tower] ?? tower
    const inner = new AbortController()
    const forget = [signal, this.#end.signal].map((each) => onAbort(each, () => inner.abort(each!.reason)))
    try {
      await abortable(this.#checkReady(model, inner.signal), inner.signal)
    } catch (cause) {
      if (signal?.aborted) throw signal.reason
      throw asBackendError(cause, model)
    } finally {
      for (const each of forget) each()
    }
    return new RemoteSession(this.#pool, model)
  }

  async dispose(): Promise<void> {
    this.#end.abort(new InputError('input_disposed', 'The backend was disposed while this was running.'))
    this.#end = new AbortController()
    for (const server of this.#pool.servers) server.close()
  }

  /** At every server that answers, so that none gives `not found` later; at least one must. */
  async #checkReady(model: string, signal: AbortSignal): Promise<void> {
    const { servers } = this.#pool
    const asked = await Promise.allSettled(
      servers.map((each) =>
        this.#pool.attempt((server) => server.modelReady(model, signal), signal, 0, [each]),
      ),
    )
    const failures = asked.flatMap((each) => (each.status === 'rejected' ? [each.reason as unknown] : []))
    const away = failures.filter((failure) => failure instanceof ServerFault && failure.unreachable)
    const refused = failures.find((failure) => !away.includes(failure))
    if (refused !== undefined) throw refused
    if (away.length === servers.length) throw away[0]
  }
}
