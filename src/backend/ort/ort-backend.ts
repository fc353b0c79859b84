import type * as Ort from 'onnxruntime-common'
import { checkObject } from '../../base/check-object.ts'
import { abortable } from '../../base/waiting/abortable.ts'
import { decomposeAttention } from '../../onnx/decompose-attention.ts'
import { attentionHolds } from '../attention-check.ts'
import type {
  Device,
  InferenceBackend,
  InferenceSession,
  LoadOptions,
  ModelFiles,
  ModelSource,
  ProbedDevice,
  Tensors,
} from '../backend.ts'
import { CPU_DEVICES, KnownDevices } from '../devices.ts'
import { guardSession, loadFailure } from '../guard-session.ts'
import { probeModel, timeProduct } from '../probe-model.ts'
import { type OrtApi, runOrtSession } from '../run-ort-session.ts'
import { probeOrtDevice } from './ort-devices.ts'
import { ortFiles, type ReadFile } from './ort-files.ts'
import {
  checkOrtModule,
  checkOrtOptions,
  inTurn,
  isWebModule,
  type OrtModule,
  ortModuleName,
} from './ort-module.ts'

type SessionOptions = Ort.InferenceSession.SessionOptions

export interface OrtBackendOptions {
  /** What `auto` tries before the CPU, in this order, for example `['coreml']`. Default none. */
  readonly prefer?: readonly Device[] | undefined
  /**
   * Brings the bytes of a path, for modules that read none from disk, as onnxruntime-web in Node: `readFile` of
   * `node:fs/promises`. Default: the runtime reads paths itself, which saves memory.
   */
  readonly read?: ReadFile | undefined
  /**
   * More for `InferenceSession.create` on a device; it goes over icthp's own, so that
   * `(device) => ({ executionProviders: ['xnnpack', device] })` adds a provider that icthp has no name for.
   */
  readonly sessionOptions?: ((device: Device) => SessionOptions) | undefined
}

/**
 * Runs icthp's towers on any module with onnxruntime-common's API: onnxruntime-react-native, an onnxruntime-web of one's
 * own, a patched onnxruntime-node.
 *
 *     import * as ort from 'onnxruntime-react-native'
 *     const backend = new OrtBackend(ort)
 *
 * It works on the thread that calls it: where the module itself has no thread for it, that thread stands still while a
 * tower runs. Models given as Blobs are held in memory whole while they are loaded.
 */
export class OrtBackend implements InferenceBackend {
  /** The module's package and version, for example `onnxruntime-web 1.30.0`. */
  readonly name: string
  readonly #ort: OrtApi
  readonly #order: readonly Device[]
  readonly #read: ReadFile | undefined
  readonly #sessionOptions: (device: Device) => SessionOptions
  readonly #devices = new KnownDevices()
  #attention: Promise<boolean> | undefined

  /** Throws `InputError` `input_invalid_option` where `ort` is no such module. */
  constructor(ort: OrtModule, options: OrtBackendOptions = {}) {
    checkObject(options, 'OrtBackend')
    const { prefer = [], read, sessionOptions = () => ({}) } = options
    checkOrtModule(ort)
    checkOrtOptions(options)
    this.#ort = ort
    this.#read = read
    this.#sessionOptions = sessionOptions
    this.#order = [...prefer, ...(isWebModule(ort) ? CPU_DEVICES.toReversed() : CPU_DEVICES)]
    this.name = ortModuleName(ort)
  }

  async probe(device: Device): Promise<ProbedDevice> {
    return this.#devices.probe(device, () =>
      probeOrtDevice(device, this.#order, (candidate) => this.#try(candidate)),
    )
  }

  async load(
    source: ModelSource,
    { device, threads, once = false, signal }: LoadOptions,
  ): Promise<InferenceSession> {
    signal?.throwIfAborted()
    const options = {
      ...(threads === undefined ? {} : { intraOpNumThreads: threads }),
      ...(once ? { extra: { session: { disable_prepacking: '1' } } } : {}),
    }
    const files = await source.files()
    signal?.throwIfAborted()
    const loading = this.#load(files, device, options, signal)
    try {
      return this.#session(await abortable(loading, signal), source.name)
    } catch (cause) {
      // Nobody else will free a session that comes too late.
      loading.then(
        (late) => inTurn(this.#ort, () => late.release()),
        () => {},
      )
      if (signal?.aborted) throw signal.reason
      throw loadFailure(cause, this.name, source.name, device)
    }
  }

  async dispose(): Promise<void> {
    this.#devices.forget()
    this.#attention = undefined
  }

  #session(session: Ort.InferenceSession, model: string): InferenceSession {
    const ort = this.#ort
    return guardSession({
      backend: this.name,
      model,
      run: (inputs, signal) =>
        inTurn(ort, async () => {
          // A run that nobody waits for any more does not hold the thread.
          signal?.throwIfAborted()
          return runOrtSession(ort, session, inputs)
        }),
      release: () => inTurn(ort, () => session.release()),
    })
  }

  async #load(
    files: ModelFiles,
    device: Device,
    options: SessionOptions,
    signal: AbortSignal | undefined,
  ): Promise<Ort.InferenceSession> {
    const { graph, externalData } = await ortFiles(this.#ort, files, this.#read)
    const held = { ...options, ...(externalData ? { externalData } : {}) }
    // A graph that is not here cannot be changed; the model's self-test finds wrong answers.
    if (typeof graph === 'string' || device !== 'webgpu') return this.#create(graph, device, held, signal)
    this.#attention ??= attentionHolds(this.#ort, (check) => this.#create(check, device))
    const holds = await this.#attention
    return this.#create(holds ? graph : decomposeAttention(graph), device, held, signal)
  }

  #create(
    graph: string | Uint8Array,
    device: Device,
    options: SessionOptions = {},
    signal?: AbortSignal,
  ): Promise<Ort.InferenceSession> {
    return inTurn(this.#ort, () => {
      signal?.throwIfAborted()
      const all: SessionOptions = {
        executionProviders: [device],
        graphOptimizationLevel: 'all',
        logSeverityLevel: 4,
        ...options,
        ...this.#sessionOptions(device),
      }
      const { InferenceSession } = this.#ort
      return typeof graph === 'string'
        ? InferenceSession.create(graph, all)
        : InferenceSession.create(graph, all)
    })
  }

  /** Loads and runs a small product: a runtime may name a device that does not compute. */
  async #try(device: Device): Promise<void> {
    const session = await this.#create(probeModel(), device)
    try {
      const run = (inputs: Tensors): Promise<Tensors> =>
        inTurn(this.#ort, () => runOrtSession(this.#ort, session, inputs))
      await timeProduct(run, { times: 1 })
    } finally {
      await inTurn(this.#ort, () => session.release())
    }
  }
}
