import type * as Ort from 'onnxruntime-common'
import type { EngineSetup } from '../engine-messages-web.ts'
import { DeviceError } from '../errors.ts'
import type { Answer } from '../worker-web.ts'
import type { Tensors } from './backend.ts'
import type { TriedDevice } from './devices-web.ts'
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
    }
  | { readonly kind: 'run'; readonly session: number; readonly inputs: Tensors }
  | { readonly kind: 'release'; readonly session: number }

export interface ProbeAnswer extends TriedDevice {
  /** For example `1.30.0 (jspi)`. */
  readonly version: string
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

  async #load({ session, model, externalData, device }: OrtWebRequest & { kind: 'load' }): Promise<void> {
    const ort = await this.#ort(device)
    const streams = ortBuild(device) === 'jspi'
    const held = await this.#create(ort, new Uint8Array(await model.arrayBuffer()), device, {
      // Blobs are read piece by piece where the build can wait for them; otherwise the weights pass through the heap.
      externalData: await Promise.all(
        externalData.map(async ({ name, blob }) => ({ path: name, data: (streams ? blob : new Uint8Array(await blob.arrayBuffer())) as Uint8Array })),
      ),
    })
    this.#sessions.set(session, { ort, session: held })
  }

  async #create(ort: OrtApi, model: Uint8Array, device: string, options: Ort.InferenceSession.SessionOptions = {}): Promise<Ort.InferenceSession> {
    try {
      return await ort.InferenceSession.create(model, {
        executionProviders: [device],
        graphOptimizationLevel: 'all',
        logSeverityLevel: 4,
        ...options,
      })
    } catch (cause) {
      // What the runtime says where its WebAssembly did not come, or was an error page.
      if (/no available backend found|failed to asynchronously prepare wasm|dynamically imported module/i.test(String(cause))) {
        throw new DeviceError(
          'runtime_missing',
          `onnxruntime-web's WebAssembly cannot be loaded: ${(cause as Error).message}. Serve the files ort-wasm-simd-threaded.* of ` +
            'onnxruntime-web/dist and say where they are with wasmPaths.',
          { wasmPaths: this.#setup.wasmPaths, cause },
        )
      }
      throw cause
    }
  }

  /** Multiplies two matrices on a device and checks the product; answers with the best time of three. */
  async #probe(device: string): Promise<ProbeAnswer> {
    const software = device === 'webgpu' && (await softwareGpu())
    const ort = await this.#ort(device)
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
      return { milliseconds: best, version: `${versions.web ?? ''} (${ortBuild(device)})`, threads: wasm.numThreads ?? 1, software }
    } finally {
      await session.release()
    }
  }

  /** The build for a device, set up. */
  #ort(device: string): Promise<OrtApi> {
    const build = ortBuild(device)
    let ort = this.#builds.get(build)
    if (!ort) {
      ort = this.#import(build)
      this.#builds.set(build, ort)
      ort.catch(() => this.#builds.delete(build))
    }
    return ort
  }

  async #import(build: OrtBuild): Promise<OrtApi> {
    const { wasmPaths, threads, modules } = this.#setup
    const ort = await importOrt(build, modules)
    ort.env.logLevel = 'fatal'
    const shared = 'crossOriginIsolated' in globalThis && globalThis.crossOriginIsolated
    ort.env.wasm.numThreads = shared ? (threads ?? navigator.hardwareConcurrency) : 1
    if (wasmPaths) ort.env.wasm.wasmPaths = wasmPaths as Ort.Env.WasmPrefixOrFilePaths
    return ort
  }
}


/** Whether WebGPU is computed by the CPU. Throws where there is no WebGPU at all. */
async function softwareGpu(): Promise<boolean> {
  const gpu = (navigator as { gpu?: { requestAdapter(): Promise<{ info?: { isFallbackAdapter?: boolean; architecture?: string } } | null> } }).gpu
  const adapter = await gpu?.requestAdapter()
  if (!adapter) throw new Error('the browser has no adapter for this GPU')
  return adapter.info?.isFallbackAdapter === true || adapter.info?.architecture === 'swiftshader'
}
