import { collectDefaultMetrics, Counter, Gauge, Histogram, Registry } from 'prom-client'
import { checkObject } from '../../base/check-object.ts'
import type { ServerMetrics } from '../server-metrics.ts'

export interface PrometheusOptions {
  /** Also tell of the process: memory, CPU, event loop. Default true. */
  readonly process?: boolean | undefined
}

/** Seconds: a fast GPU's batch takes some ms, a slow CPU's some seconds. */
const SECONDS = [0.002, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300]
const ROWS = [1, 2, 4, 8, 16, 32, 64, 128]

/** Counts with prom-client, in a registry of its own. */
export function prometheusMetrics(options: PrometheusOptions = {}): ServerMetrics {
  checkObject(options, 'prometheusMetrics')
  const { process = true } = options
  const registry = new Registry()
  const registers = [registry]
  if (process) collectDefaultMetrics({ register: registry })
  const requests = new Counter({
    name: 'icthp_requests_total',
    help: 'Requests answered.',
    labelNames: ['route', 'status'],
    registers,
  })
  const requestSeconds = new Histogram({
    name: 'icthp_request_seconds',
    help: 'From the head of a request to its answer.',
    labelNames: ['route'],
    buckets: SECONDS,
    registers,
  })
  const images = new Counter({
    name: 'icthp_images_total',
    help: 'Images by what became of them.',
    labelNames: ['outcome'],
    registers,
  })
  const batches = new Histogram({
    name: 'icthp_batch_size',
    help: 'Rows in a run of a tower.',
    labelNames: ['tower'],
    buckets: ROWS,
    registers,
  })
  const towerSeconds = seconds('icthp_tower_seconds', 'A run of a tower.', registers, ['tower'])
  const decoderSeconds = seconds('icthp_decoder_seconds', 'A picture decoded and cropped.', registers, [])
  return {
    request: ({ route, status, seconds }) => {
      requests.inc({ route, status })
      requestSeconds.observe({ route }, seconds)
    },
    image: (outcome) => images.inc({ outcome }),
    batch: (tower, rows, seconds) => {
      batches.observe({ tower }, rows)
      towerSeconds.observe({ tower }, seconds)
    },
    decoded: (seconds) => decoderSeconds.observe(seconds),
    watchQueue: (read) => {
      gauge('icthp_queue_images', 'Images that wait or are at work.', registers, () => read().images)
      gauge('icthp_queue_bytes', 'Bytes held for requests.', registers, () => read().bytes)
    },
    render: async () => ({ type: registry.contentType, text: await registry.metrics() }),
  }
}

const seconds = (name: string, help: string, registers: Registry[], labelNames: string[]): Histogram =>
  new Histogram({ name, help, labelNames, buckets: SECONDS, registers })

function gauge(name: string, help: string, registers: Registry[], read: () => number): void {
  new Gauge({
    name,
    help,
    registers,
    collect() {
      this.set(read())
    },
  })
}
