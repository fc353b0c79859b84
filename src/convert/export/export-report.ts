import type { Dtype } from '../../models/manifest.ts'
import type { ExportTarget } from './export-targets.ts'

/** What {@link exportRepository} has written. */
export interface ExportReport {
  readonly to: ExportTarget
  /** Absolute path. */
  readonly out: string
  readonly towers: readonly ExportedTower[]
  /** Paths in `out` that belong to no tower. */
  readonly files: readonly string[]
}

export interface ExportedTower {
  /** As the server calls it: `hp_vision`. */
  readonly name: string
  readonly dtype: Dtype
  readonly files: readonly ExportedFile[]
}

export interface ExportedFile {
  /** Relative to the repository. */
  readonly path: string
  readonly bytes: number
  /** Whether it is a hard link to the model's own file, and takes no room. */
  readonly linked: boolean
}
