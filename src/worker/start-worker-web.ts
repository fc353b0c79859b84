import { DeviceError } from '../base/errors.ts'

/** What a page's Content-Security-Policy names where it restricts Trusted Types: `trusted-types icthp`. */
const POLICY = 'icthp'

interface TrustedScriptUrls {
  createScriptURL(url: string): unknown
}
interface Scope {
  Worker: unknown
  readonly document?: { readonly baseURI: string }
  readonly location?: { readonly href: string }
  readonly trustedTypes?: {
    createPolicy(name: string, rules: { createScriptURL: (url: string) => string }): TrustedScriptUrls
  }
}

export interface StartedWorker {
  readonly worker: Worker
  /** It has the page's Trusted Types, under which onnxruntime-web cannot start threads. */
  readonly alone: boolean
}

let policy: TrustedScriptUrls | undefined

/**
 * The browser's worker of icthp. A worker's script must come from the page's own origin, which a page in a sandbox has not
 * at all: else it starts from one that imports it. Throws `DeviceError` `runtime_missing` where the page forbids that.
 */
export function startWorker(): StartedWorker {
  let cause: unknown
  try {
    const worker = startPlainly()
    if (!isForeign(addressOfWorker()?.url)) return { worker, alone: false }
    // Firefox does not throw then: an event says it later, without a reason.
    worker.terminate()
  } catch (error) {
    cause = error
  }
  return startByImport(cause)
}

/** Whether no worker may start from it: it is fetched, from another origin than the page's. */
const isForeign = (url: URL | undefined): boolean =>
  url !== undefined && /^https?:$/.test(url.protocol) && url.origin !== globalThis.origin

/** Bundlers look for exactly this expression. dist/worker-web.js is built beside the entry points, see tsup.config.ts. */
const startPlainly = (): Worker =>
  new Worker(new URL('./worker-web.js', import.meta.url), {
    type: 'module',
    name: 'icthp-worker' /* WORKER_NAME */,
  })

function startByImport(cause: unknown): StartedWorker {
  let blob: string | undefined
  try {
    const { url, options } = addressOfWorker()!
    let address = url.href
    if (url.origin !== globalThis.origin) {
      // Bundlers that write no modules (webpack) start a classic worker.
      const from = JSON.stringify(url.href)
      const script = options.type === 'module' ? `import ${from}` : `importScripts(${from})`
      // In a sandbox, Chromium starts no module from a Blob.
      if (globalThis.origin === 'null') address = `data:text/javascript,${encodeURIComponent(script)}`
      else address = blob = URL.createObjectURL(new Blob([script], { type: 'text/javascript' }))
    }
    const worker = new Worker(trusted(address) as string, options)
    if (blob !== undefined) forgetOnceUsed(worker, blob)
    // Trusted Types speak up before the origin does, with a TypeError.
    return { worker, alone: address !== url.href && cause instanceof TypeError }
  } catch (again) {
    if (blob !== undefined) URL.revokeObjectURL(blob)
    const why = again instanceof Error ? again.message : String(again)
    throw new DeviceError(
      'runtime_missing',
      `The page does not let the worker of icthp start: ${why}. Its Content-Security-Policy needs \`worker-src 'self'\` (and ` +
        '`blob:` where worker-web.js comes from another origin, `data:` where the page is in a sandbox), and `trusted-types icthp` where ' +
        'it has require-trusted-types-for. Or use worker: false.',
      { reason: why, cause },
    )
  }
}

/** What bundlers have made of the expression above is known to nobody else: a stand-in for `Worker` is told it. */
function addressOfWorker(): { readonly url: URL; readonly options: WorkerOptions } | undefined {
  const scope = globalThis as unknown as Scope
  const real = scope.Worker
  let told: { url: URL; options: WorkerOptions } | undefined
  scope.Worker = function (url: URL | string, options: WorkerOptions) {
    // As `Worker` itself resolves it; with `import.meta.url` here, webpack would look for all files it might be.
    told = { url: new URL(url, scope.document?.baseURI ?? scope.location?.href), options }
  }
  try {
    startPlainly()
  } finally {
    scope.Worker = real
  }
  return told
}

/** As the page's Trusted Types want it, where it has any. */
function trusted(url: string): unknown {
  const { trustedTypes } = globalThis as unknown as Scope
  if (!trustedTypes) return url
  policy ??= trustedTypes.createPolicy(POLICY, { createScriptURL: (address) => address })
  return policy.createScriptURL(url)
}

function forgetOnceUsed(worker: Worker, blob: string): void {
  const forget = (): void => URL.revokeObjectURL(blob)
  worker.addEventListener('message', forget, { once: true })
  worker.addEventListener('error', forget, { once: true })
}
