import type * as Ort from 'onnxruntime-common'
import { DeviceError } from '../../base/errors.ts'
import { abortable } from '../../base/waiting/abortable.ts'
import { Deadline } from '../../base/waiting/deadline.ts'
import { wasmForbidden } from '../../base/wasm/wasm-forbidden.ts'
import { decomposeAttention } from '../../onnx/decompose-attention.ts'
import type { Answer } from '../../worker/worker-messages-web.ts'
import { GPU_SILENT, type WorkerSetup } from '../../worker/worker-messages-web.ts'
import { attentionHolds } from '../attention-check.ts'
import type { Tensors } from '../backend.ts'
import { probeModel } from '../probe-model.ts'
import { type OrtApi, runOrtSession } from '../run-ort-session.ts'
import { importOrt, type OrtBuild, ortBuild } from './ort-builds-web.ts'
import type { TriedDevice } from './ort-devices-web.ts'
import { SteadyBlob } from './steady-blob-web.ts'

/** What the page asks of the onnxruntime-web in its worker. */
export type OrtWebRequest =
  /** `auto`: a software renderer will not do, and need not be tried. */
  | { readonly kind: 'probe'; readonly device: string; readonly auto: boolean }
  | {
      readonly kind: 'load'
      readonly session: number
      readonly model: Blob
      readonly externalData: readonly { readonly name: string; readonly blob: Blob }[]
      readonly device: string
    }
  | { readonly kind: 'run'; readonly session: number; readonly inputs: Tensors }
  | { readonly kind: 'release'; readonly session: number }

/** Milliseconds that a browser may take to say which GPU there is, and a GPU, drivers and all, for its first small graphs. */
const ADAPTER_PATIENCE = 10_000
const GPU_PATIENCE = 30_000

export interface ProbeAnswer extends TriedDevice {
  /** For example `1.30.0 (jspi)`. */
  readonly version: string
}

/** Holds onnxruntime-web and its sessions; one call at a time, as the runtime wants it. */
export class OrtHandler {
  readonly #setup: WorkerSetup
  readonly #builds = new Map<OrtBuild, Promise<OrtApi>>()
  readonly #sessions = new Map<number, { readonly ort: OrtApi; readonly session: Ort.InferenceSession }>()
  #queue: Promise<unknown> = Promise.resolve()
  #attention: Promise<boolean> | undefined

  constructor(setup: WorkerSetup) {
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
        return { ok: await this.#probe(request), transfer: [] }
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
    const graph = new Uint8Array(await model.arrayBuffer())
    const decompose = device === 'webgpu' && !(await this.#attends(ort))
    const held = await this.#create(ort, decompose ? decomposeAttention(graph) : graph, device, {
      // Blobs are read piece by piece where the build can wait for them; otherwise the weights pass through the heap.
      externalData: await Promise.all(
        externalData.map(async ({ name, blob }) => ({
          path: name,
          data: (streams ? new SteadyBlob(blob) : new Uint8Array(await blob.arrayBuffer())) as Uint8Array,
        })),
      ),
    })
    this.#sessions.set(session, { ort, session: held })
  }

  async #create(
    ort: OrtApi,
    model: Uint8Array,
    device: string,
    options: Ort.InferenceSession.SessionOptions = {},
  ): Promise<Ort.InferenceSession> {
    try {
      return await ort.InferenceSession.create(model, {
        executionProviders: [device],
        graphOptimizationLevel: 'all',
        logSeverityLevel: 4,
        ...options,
      })
    } catch (error) {
      const cause = wasmForbidden(error)
      if (cause !== error) throw cause
      // What the runtime says where its WebAssembly did not come, or was an error page.
      if (
        /no available backend found|failed to asynchronously prepare wasm|dynamically imported module/i.test(
          String(cause),
        )
      ) {
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

  /** Brings the runtime up on a device; throws where that fails, with `GPU_SILENT` where the runtime is of no use any more. */
  async #probe({ device, auto }: OrtWebRequest & { kind: 'probe' }): Promise<ProbeAnswer> {
    const gpu = device === 'webgpu'
    const software = gpu && (await within(ADAPTER_PATIENCE, softwareGpu()))
    if (software && auto) return { version: '', threads: 1, software, decomposed: false }
    const ort = await this.#ort(device)
    // On the CPU first, which fetches the runtime: how long the network takes says nothing of the GPU.
    await (await this.#create(ort, probeModel(), 'wasm')).release()
    const decomposed =
      gpu && !(await within(auto ? GPU_PATIENCE : 4 * GPU_PATIENCE, this.#attends(ort), true))
    const { versions, wasm } = ort.env
    return {
      version: `${versions.web ?? ''} (${ortBuild(device)})`,
      threads: wasm.numThreads ?? 1,
      software,
      decomposed,
    }
  }

  /** Whether WebGPU's fused attention is right on this GPU. */
  #attends(ort: OrtApi): Promise<boolean> {
    return (this.#attention ??= attentionHolds(ort, (graph) => this.#create(ort, graph, 'webgpu')))
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

/**
 * Rejects when it takes longer. `runs`: the runtime waits for the GPU, and answers nothing else until it has it, so that
 * the worker has to end.
 */
async function within<T>(milliseconds: number, work: Promise<T>, runs = false): Promise<T> {
  const deadline = new Deadline(milliseconds)
  try {
    return await abortable(work, deadline.signal)
  } catch (error) {
    if (!deadline.signal.aborted) throw error
    const message = `the GPU has not answered in ${milliseconds / 1000} s`
    throw runs ? new DeviceError('device_unavailable', message, { [GPU_SILENT]: true }) : new Error(message)
  } finally {
    deadline.end()
  }
}

/** Whether WebGPU is computed by the CPU. Throws where there is no WebGPU at all. */
async function softwareGpu(): Promise<boolean> {
  const gpu = (
    navigator as {
      gpu?: {
        requestAdapter(): Promise<{ info?: { isFallbackAdapter?: boolean; architecture?: string } } | null>
      }
    }
  ).gpu
  const adapter = await gpu?.requestAdapter()
  if (!adapter) throw new Error('the browser has no adapter for this GPU')
  return adapter.info?.isFallbackAdapter === true || adapter.info?.architecture === 'swiftshader'
}
