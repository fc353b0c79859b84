import { existsSync } from 'node:fs'
import { DeviceError } from '../base/errors.ts'

/** The files that run in threads or processes of their own, as tsup writes them beside the entry points. */
const WORKERS = {
  image: 'image/worker-node.js',
  ort: 'backend/ort-worker-node.js',
  digest: 'convert/digest-worker-node.js',
  measure: 'evaluation/measure-worker-node.js',
} as const

export type WorkerName = keyof typeof WORKERS

/**
 * Where a worker's JavaScript lies. Built code runs from `dist/` or a folder in it, and finds the worker there. Run from
 * TypeScript source (in tests), it is the bundle that test/build-workers.ts makes, since Node 20 cannot run TypeScript.
 * Throws `DeviceError` `runtime_missing` where icthp was bundled into another program without its workers.
 */
export function workerUrl(name: WorkerName): URL {
  const bases = import.meta.url.endsWith('/src/worker/worker-url-node.ts')
    ? ['../../node_modules/.cache/icthp-workers/']
    : ['./', '../']
  for (const base of bases) {
    const url = new URL(base + WORKERS[name], import.meta.url)
    if (existsSync(url)) return url
  }
  throw new DeviceError(
    'runtime_missing',
    `The worker ${WORKERS[name]} of icthp is not where it should be. If a bundler put icthp into your program, mark icthp ` +
      'as external, so that it is loaded from node_modules.',
    { worker: name, from: import.meta.url },
  )
}
