/**
 * The worker thread in which onnxruntime-node lives: its calls block the thread that makes them, seconds at a time.
 * Speaks the messages of ort-messages-node.ts, one at a time and in order.
 */
import { createRequire } from 'node:module'
import { type MessagePort, parentPort, workerData } from 'node:worker_threads'
import type * as Ort from 'onnxruntime-common'
import { DeviceError } from '../../base/errors.ts'
import { freeMemory } from '../../base/memory/free-memory-node.ts'
import { movable } from '../../base/memory/movable-node.ts'
import { packError } from '../../base/packed-error.ts'
import { probeModel, timeProduct } from '../probe-model.ts'
import { type OrtApi, runOrtSession } from '../run-ort-session.ts'
import { loaderRemedy } from './loader-remedy.ts'
import { NativeTurn } from './native-turn.ts'
import type { OrtAnswer, OrtReply, OrtRequest, OrtWorkerData } from './ort-messages-node.ts'

/** Null in a process of its own, which tries one device: see probe-apart-node.ts. */
const port = parentPort
const entry = port ? (workerData as OrtWorkerData).entry : process.argv[2]!
const turn = new NativeTurn(port ? (workerData as OrtWorkerData).turn : undefined)
let loaded: OrtApi | undefined
/**
 * How long an idle thread of a session waits busily for work: enough to bridge the gaps within a run. By default it goes
 * on after the run, and takes the cores from the next session and from the decoders; a pair of towers then takes 8 %
 * longer. Runtimes that do not know the setting ignore it.
 */
const SPIN_MICROSECONDS = '100'
const sessions = new Map<number, Ort.InferenceSession>()
let queue = Promise.resolve()

if (port) {
  port.on('message', (request: OrtRequest) => {
    queue = queue.then(() => answer(request, port))
  })
} else {
  process.on('disconnect', () => process.exit())
  void probe(process.argv[3]!).then(
    (milliseconds) => process.send!({ id: 0, ok: { milliseconds } } satisfies OrtReply, () => process.exit()),
    (error: unknown) =>
      process.send!({ id: 0, error: packError(error) } satisfies OrtReply, () => process.exit()),
  )
}

/** Never called: it names the package to tracers of deployments (@vercel/nft), which do not see where `entry` leads. */
export const runtimePackage = (): Promise<unknown> => import('onnxruntime-node')

/** Loads the runtime when it is first asked for, so that what its loader says is an answer. Throws `DeviceError`. */
function runtime(): OrtApi {
  if (loaded) return loaded
  let ort: OrtApi
  try {
    ort = createRequire(import.meta.url)(entry) as OrtApi
  } catch (cause) {
    const message = (cause as Error).message.split('\n')[0]!
    throw new DeviceError(
      'runtime_unloadable',
      `onnxruntime-node is installed, but its library does not load (${message}). ${loaderRemedy(message)}`,
      { reason: message, cause },
    )
  }
  // What fails is thrown; the runtime's own lines on stderr would only say it twice.
  ort.env.logLevel = 'fatal'
  return (loaded = ort)
}

async function answer(request: OrtRequest, to: MessagePort): Promise<void> {
  // Whoever stops it may have seen the call begin, and wait for its end.
  if (!turn.begin()) process.exit()
  let reply: OrtReply
  try {
    reply = { id: request.id, ok: await perform(request) }
  } catch (error) {
    reply = { id: request.id, error: packError(error) }
  }
  if (!turn.finish()) process.exit()
  const outputs = 'ok' in reply && 'outputs' in reply.ok ? Object.values(reply.ok.outputs) : []
  to.postMessage(reply, movable(outputs.map(({ data }) => data)))
}

async function perform(request: OrtRequest): Promise<OrtAnswer> {
  switch (request.kind) {
    case 'probe':
      return { milliseconds: await probe(request.device) }
    case 'load': {
      const { path, device, threads, once } = request
      sessions.set(
        request.session,
        await runtime().InferenceSession.create(path, {
          executionProviders: [device],
          graphOptimizationLevel: 'all',
          logSeverityLevel: 4,
          ...(threads ? { intraOpNumThreads: threads } : {}),
          extra: {
            session: {
              intra_op: { spin_duration_us: SPIN_MICROSECONDS },
              // Kernels that are fed packed weights copy them all when the session is made.
              ...(once ? { disable_prepacking: '1' } : {}),
            },
          },
        }),
      )
      return {}
    }
    case 'run': {
      const { session, inputs } = request
      const outputs = await runOrtSession(runtime(), sessions.get(session)!, inputs)
      // They came for this run alone.
      freeMemory(Object.values(inputs).map(({ data }) => data))
      return { outputs }
    }
    case 'release': {
      const session = sessions.get(request.session)
      sessions.delete(request.session)
      await session?.release()
      return {}
    }
  }
}

/** Multiplies two matrices on a device and checks the product; returns the best time of three. */
async function probe(device: string): Promise<number> {
  if (device === 'webgpu' && process.platform === 'linux') requireLibrary('libvulkan.so.1')
  const ort = runtime()
  const session = await ort.InferenceSession.create(probeModel(), {
    executionProviders: [device],
    logSeverityLevel: 4,
  })
  try {
    return await timeProduct((inputs) => runOrtSession(ort, session, inputs))
  } finally {
    await session.release()
  }
}

/** Where the library is missing, Dawn writes to stderr before it fails. Node says of one that is there that it is no module. */
function requireLibrary(name: string): void {
  try {
    process.dlopen({ exports: {} }, name)
  } catch (error) {
    if ((error as Error).message.includes('cannot open shared object file'))
      throw new Error(`${name} is not installed`)
  }
}
