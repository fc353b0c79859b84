import type * as Ort from 'onnxruntime-common'
import type { EngineSetup } from '../engine-web.ts'

import type { Answer } from '../worker-web.ts'
import type { Tensors } from './backend.ts'
import { runOrtSession, type OrtApi } from './ort-adapter.ts'
import { importOrt, ortBuild, type OrtBuild } from './ort-builds-web.ts'
import { probeInput, probeModel } from './probe-model.ts'

/** What the page asks of the onnxruntime-web in its worker. */
export type OrtWebRequest =
  | { readonly kind: 'probe'; readonly device: string }
  | {
      readonly kind: 'load'
      readonly session: number
      readonly model: Blob
      readonly externalData: readonly { readonly name: string; readonly blob: Blob }[]
      readonly device: string
      readonly threads: number | undefined
    }
  | { readonly kind: 'run'; readonly session: number; readonly inputs: Tensors }
  | { readonly kind: 'release'; readonly session: number }

export interface ProbeAnswer {
  readonly milliseconds: number
  /** For example `1.30.0 (jspi)`. */
  readonly version: string
  readonly threads: number
}

/** Holds onnxruntime-web and its sessions; one call at a time, as the runtime wants it. */
export class OrtServer {
  readonly #setup: EngineSetup
  readonly #builds = new Map<OrtBuild, Promise<OrtApi>>()
  readonly #sessions = new Map<number, { readonly ort: OrtApi; readonly session: Ort.InferenceSession }>()
  #queue: Promise<unknown> = Promise.resolve()

  constructor(setup: EngineSetup) {
    this.#setup = setup
  }

  perform(request: OrtWebRequest): Promise<Answer> {
    const answer = this.#queue.then(() => this.#perform(request))
    this.#queue = answer.catch(() => {})
    return answer
  }

  async dispose(): Promise<void> {
    await this.#queue
    for (const { session } of this.#sessions.values()) await session.release()
    this.#sessions.clear()
  }

  async #perform(request: OrtWebRequest): Promise<Answer> {
    switch (request.kind) {
      case 'probe':
        return { ok: await this.#probe(request.device), transfer: [] }
      case 'load':
        await this.#load(request)
        return { ok: {}, transfer: [] }
      case 'run': {
        const { ort, session } = this.#sessions.get(request.session)!
        const outputs = await runOrtSession(ort, session, request.inputs)
        return { ok: outputs, transfer: Object.values(outputs).map(({ data }) => data.buffer as ArrayBuffer) }
      }
      case 'release': {
        const held = this.#sessions.get(request.session)
        this.#sessions.delete(request.session)
        await held?.session.release()
        return { ok: {}, transfer: [] }
      }
    }
  }

  async #load({ session, model, externalData, device, threads }: OrtWebRequest & { kind: 'load' }): Promise<void> {
    const ort = await this.#ort(device, threads)
    const streams = ortBuild(device) === 'jspi'
    const held = await this.#create(ort, new Uint8Array(await model.arrayBuffer()), device, {
      // Blobs are read piece by piece where the build can wait for them; otherwise the weights pass through the heap.
      externalData: await Promise.all(
        externalData.map(async ({ name, blob }) => ({ path: name, data: (streams ? blob : new Uint8Array(await blob.arrayBuffer())) as Uint8Array })),
      ),
    })
    this.#sessions.set(session, { ort, session: held })
  }

  #create(ort: OrtApi, model: Uint8Array, device: string, options: Ort.InferenceSession.SessionOptions = {}): Promise<Ort.InferenceSession> {
    return ort.InferenceSession.create(model, {
      executionProviders: [device],
      graphOptimizationLevel: 'all',
      logSeverityLevel: 4,
      ...options,
    })
  }

  /** Multiplies two matrices on a device and checks the product; answers with the best time of three. */
  async #probe(device: string): Promise<ProbeAnswer> {
    const ort = await this.#ort(device, undefined)
    const session = await this.#create(ort, probeModel(), device)
    try {
      const { inputs, expected } = probeInput()
      let best = Infinity
      for (let i = 0; i < 4; i++) {
        const start = performance.now()
        const { y } = await runOrtSession(ort, session, inputs)
        // The first run compiles kernels.
        if (i > 0) best = Math.min(best, performance.now() - start)
        for (const [at, value] of expected) {
          if (!(Math.abs(Number(y!.data[at]) - value) <= 1e-2 * Math.abs(value))) throw new Error('it computes wrong products')
        }
      }
      const { versions, wasm } = ort.env
      return { milliseconds: best, version: `${versions.web ?? ''} (${ortBuild(device)})`, threads: wasm.numThreads ?? 1 }
    } finally {
      await session.release()
    }
  }

  /** The build for a device, set up. The number of threads is settled with its first use. */
  #ort(device: string, threads: number | undefined): Promise<OrtApi> {
    const build = ortBuild(device)
    let ort = this.#builds.get(build)
    if (!ort) {
      ort = this.#import(build, threads)
      this.#builds.set(build, ort)
      ort.catch(() => this.#builds.delete(build))
    }
    return ort
  }

  async #import(build: OrtBuild, threads: number | undefined): Promise<OrtApi> {
    const { wasmPaths, modules } = this.#setup
    const ort = await importOrt(build, modules)
    ort.env.logLevel = 'fatal'
    const shared = 'crossOriginIsolated' in globalThis && globalThis.crossOriginIsolated
    ort.env.wasm.numThreads = shared ? (threads ?? navigator.hardwareConcurrency) : 1
    if (wasmPaths) ort.env.wasm.wasmPaths = wasmPaths as Ort.Env.WasmPrefixOrFilePaths
    return ort
  }
}

