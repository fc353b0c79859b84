import { sleep } from '../../base/waiting/sleep.ts'
import type { Tensors } from '../backend.ts'
import type { InferRequest } from '../open-inference/infer-message.ts'
import type { RemoteServer } from './remote-server.ts'
import { joinRows, rowsOf, sliceRows } from './rows.ts'
import { ServerFault } from './transport.ts'

const FIRST_WAIT = 250
const LONGEST_WAIT = 10_000

/**
 * Servers that hold the same towers. Each request goes to the least busy; one that does not answer is passed over for a
 * while and its work done by another, and then it is tried again.
 */
export class ServerPool {
  constructor(
    readonly servers: readonly RemoteServer[],
    private readonly retries: number,
  ) {}

  /** Shares a batch out over the servers that are there, so that none stands idle. */
  async infer(request: InferRequest, signal?: AbortSignal): Promise<Tensors> {
    const rows = rowsOf(request.inputs)
    const idle = this.servers.filter((server) => !isDead(server) && server.busy === 0).length
    if (rows === undefined || rows < 2 || idle < 2) {
      return this.attempt((server) => server.infer(request, signal), signal, rows)
    }
    const size = Math.ceil(rows / Math.min(rows, idle))
    const starts = Array.from({ length: Math.ceil(rows / size) }, (_, i) => i * size)
    const parts = await Promise.all(
      starts.map((start) => {
        const end = Math.min(rows, start + size)
        const part = { ...request, inputs: sliceRows(request.inputs, start, end) }
        return this.attempt((server) => server.infer(part, signal), signal, end - start)
      }),
    )
    return joinRows(parts)
  }

  /** Does work at one server after the other until it is done, or cannot be. Rejects with `ServerFault`. */
  async attempt<T>(
    work: (server: RemoteServer) => Promise<T>,
    signal?: AbortSignal,
    weight: number = 1,
    servers: readonly RemoteServer[] = this.servers,
  ): Promise<T> {
    const failed = new Set<RemoteServer>()
    for (let tries = 0; ; tries++) {
      const server = pick(servers, failed)
      server.busy += weight
      try {
        const done = await work(server)
        server.answered()
        return done
      } catch (error) {
        if (!(error instanceof ServerFault)) throw error
        if (error.unreachable) server.silent()
        else server.answered()
        failed.add(server)
        // Each server may fail once before a try counts.
        if (!error.temporary || tries >= this.retries + servers.length - 1) throw atServer(error, server)
        if (servers.every((each) => failed.has(each))) {
          failed.clear()
          await sleep(waitFor(error, Math.floor(tries / servers.length)), signal)
        }
      } finally {
        server.busy -= weight
      }
    }
  }
}

const isDead = ({ deadUntil }: RemoteServer): boolean => deadUntil > performance.now()

/** Of those that have not failed at this: the living before the dead, the least busy, the one that was away longest. */
function pick(servers: readonly RemoteServer[], failed: ReadonlySet<RemoteServer>): RemoteServer {
  const open = servers.filter((server) => !failed.has(server))
  const [best] = open.sort(
    (a, b) => Number(isDead(a)) - Number(isDead(b)) || a.busy - b.busy || a.deadUntil - b.deadUntil,
  )
  return best!
}

/** What the server asks for; else half of it is chance, so that many clients do not come back at once. */
function waitFor({ retryAfter }: ServerFault, round: number): number {
  if (retryAfter !== undefined) return Math.min(LONGEST_WAIT, retryAfter)
  return Math.min(LONGEST_WAIT, FIRST_WAIT * 2 ** round) * (0.5 + Math.random() / 2)
}

/** Which server it was, for the message. */
const where = new WeakMap<ServerFault, string>()
export const serverOf = (fault: ServerFault): string | undefined => where.get(fault)

function atServer(fault: ServerFault, { url }: RemoteServer): ServerFault {
  where.set(fault, url)
  return fault
}
