/** What a long operation is doing. `loaded` and `total` are bytes where `unit` is `bytes`, else counts. */
export interface Progress {
  /** `verify` checks files; `measure` compares precisions; `wait` is for a server that asks for it. */
  readonly stage:
    'download' | 'read' | 'write' | 'verify' | 'load' | 'encode' | 'calibrate' | 'measure' | 'wait'
  /** The file or tower at hand. */
  readonly item: string
  readonly loaded: number
  /** Absent where it is not known. */
  readonly total?: number
  /** The total is a guess that changes on the way. */
  readonly estimated?: boolean
  readonly unit: 'bytes' | 'images' | 'files' | 'layers' | 'seconds'
}

export type OnProgress = (progress: Progress) => void
