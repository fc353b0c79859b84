import type { DeskObserver } from './desk/desk-observer.ts'
import type { ServedRequest } from './http/observe-requests.ts'

/** What counts, and tells it to Prometheus. */
export interface ServerMetrics extends DeskObserver {
  request(served: ServedRequest): void
  /** `read` is asked whenever the metrics are. */
  watchQueue(read: () => { readonly images: number; readonly bytes: number }): void
  render(): Promise<{ readonly type: string; readonly text: string }>
}
