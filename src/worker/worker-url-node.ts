import { existsSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'
import { Worker, type WorkerOptions } from 'node:worker_threads'
import { DeviceError } from '../base/errors.ts'
import { tellThreads } from './resolve-package-node.ts'

/** The files that run in threads or processes of their own, as tsup writes them beside the entry points. */
const WORKERS = {
  image: 'image/worker-node.js',
  ort: 'backend/ort-worker-node.js',
  digest: 'convert/digest-worker-node.js',
  measure: 'evaluation/measure-worker-node.js',
} as const

export type WorkerName = keyof typeof WORKERS

/** Turbopack takes each `new Worker` for its own, and makes of it what does not start. */
class Thread extends Worker {}

/** A thread of one of icthp's workers. Throws as {@link workerUrl}. */
export function startThread(name: WorkerName, options: WorkerOptions = {}): Worker {
  tellThreads()
  return new Thread(workerUrl(name), options)
}

/**
 * Where a worker's JavaScript lies: beside the built code, which runs from `dist/`. Run from TypeScript source (in tests), it
 * is the bundle that test/build-workers.ts makes, since Node 20 cannot run TypeScript. Throws `DeviceError`
 * `runtime_missing` where icthp was bundled into another program without its workers.
 */
export function workerUrl(name: WorkerName): URL {
  const path = ownAddress() === undefined ? undefined : workerPath(name)
  if (path === undefined) throw bundledWithoutFiles(WORKERS[name])
  return pathToFileURL(path)
}

/** What is said wherever icthp finds itself taken out of its package. */
export function bundledWithoutFiles(missing: string, cause?: unknown): DeviceError {
  return new DeviceError(
    'runtime_missing',
    `The file ${missing} of icthp is not where it should be: a bundler has put icthp into another file. Mark icthp as ` +
      'external, so that it is loaded from node_modules. docs/getting-started.md has the lines for each bundler.',
    { missing, from: ownAddress(), cause },
  )
}

/** Code that a bundler has made CommonJS has no address. */
const ownAddress = (): string | undefined => (import.meta.url as string | undefined) || undefined

function workerPath(name: WorkerName): string | undefined {
  if (!import.meta.url.startsWith('file:')) return undefined
  const here = dirname(fileURLToPath(import.meta.url))
  const source = /^(.*)[\\/]src[\\/]worker$/.exec(here)?.[1]
  if (source !== undefined) return join(source, 'node_modules/.cache/icthp-workers', WORKERS[name])
  // Each path is written out where it is looked for: so tracers of deployments (@vercel/nft) find the files, and Turbopack
  // does not take the whole folder for one.
  const image = join(here, 'image/worker-node.js')
  const ort = join(here, 'backend/ort-worker-node.js')
  const digest = join(here, 'convert/digest-worker-node.js')
  const measure = join(here, 'evaluation/measure-worker-node.js')
  const there = {
    image: existsSync(image) ? image : undefined,
    ort: existsSync(ort) ? ort : undefined,
    digest: existsSync(digest) ? digest : undefined,
    measure: existsSync(measure) ? measure : undefined,
  }
  return there[name]
}
