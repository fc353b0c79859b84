import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'

export interface ServerProcess {
  readonly port: number
  readonly grpcPort: number
  readonly url: string
  readonly process: ChildProcess
  /** What it was asked so far. */
  seen(): Promise<Seen>
  end(signal?: NodeJS.Signals): Promise<void>
}

export interface Seen {
  readonly rest: number
  readonly binary: number
  readonly grpc: number
  /** Of each run, in order. */
  readonly rows: readonly number[]
}

const running = new Set<ChildProcess>()

/** Starts a script that prints its ports, and waits until it does. */
export async function startServer(script: URL | string, argument: unknown): Promise<ServerProcess> {
  const path = script instanceof URL ? fileURLToPath(script) : script
  const child = spawn(process.execPath, [path, JSON.stringify(argument)], {
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { ...process.env, ORT_DISABLE_TELEMETRY: '1' },
  })
  running.add(child)
  let said = ''
  child.stderr.on('data', (data: Buffer) => (said += data.toString()))
  const first = await Promise.race([
    once(child.stdout, 'data').then(([data]) => String(data)),
    once(child, 'exit').then(([code]) => Promise.reject(new Error(`the server ended with ${code}: ${said}`))),
  ])
  const { port, grpcPort } = JSON.parse(first) as { port: number; grpcPort: number }
  const url = `http://127.0.0.1:${port}`
  return {
    port,
    grpcPort,
    url,
    process: child,
    seen: async () => (await (await fetch(`${url}/seen`)).json()) as Seen,
    end: async (signal = 'SIGKILL') => {
      running.delete(child)
      if (child.exitCode !== null || child.signalCode !== null) return
      child.kill(signal)
      await once(child, 'exit')
    },
  }
}

const FOREIGN = new URL('foreign-server.mjs', import.meta.url)
const demo = (path: string): string => fileURLToPath(new URL(`../../../models/demo/${path}`, import.meta.url))

export const DEMO_MODELS: Readonly<Record<string, string>> = {
  ict_vision: demo('ict/onnx/vision_model_quantized.onnx'),
  ict_text: demo('ict/onnx/text_model_quantized.onnx'),
  hp_vision: demo('hp/onnx/vision_model_quantized.onnx'),
}

export type Manner = 'triton' | 'kserve' | 'ovms' | 'mlserver'

/** The demo's towers, as another server would have them. */
export const startForeign = (manner: Manner, changes: Record<string, unknown> = {}): Promise<ServerProcess> =>
  startServer(FOREIGN, { manner, models: DEMO_MODELS, ...changes })

/** Ends whatever a test left running. */
export function endServers(): void {
  for (const child of running) child.kill('SIGKILL')
  running.clear()
}
