/** What a worker is to do: of a folder, or of a queue. */
export interface KillJob {
  readonly sources?: readonly string[]
  readonly out: string
  readonly redis?: string
  /** Milliseconds after which a silent worker's shard is another's. */
  readonly silence: number
  /** Milliseconds that a batch of four takes. */
  readonly latency: number
}
export function writeShards(folder: string, count: number, size: number): Promise<void>
export function shardOf(s: number, size: number): Promise<Uint8Array>
export function killUntilDone(
  job: KillJob,
  options: {
    readonly workers: number
    readonly every: number
    readonly env?: Readonly<Record<string, string>>
  },
): Promise<number>
