/** What became of an image: its scores, its error, or nothing since nobody waited for it any more. */
export type ImageFate = 'scored' | 'failed' | 'dropped'

/** Told what the desk does: for metrics. */
export interface DeskObserver {
  image(fate: ImageFate): void
  /** One run of a tower. */
  batch(tower: string, rows: number, seconds: number): void
  /** One picture, from its turn to its crops. */
  decoded(seconds: number): void
}

export const NO_OBSERVER: DeskObserver = { image: () => {}, batch: () => {}, decoded: () => {} }

/** Seconds since `start`, which `performance.now()` gave. */
export const secondsSince = (start: number): number => (performance.now() - start) / 1000
