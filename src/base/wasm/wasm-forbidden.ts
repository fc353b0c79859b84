import { DeviceError } from '../errors.ts'

/** How Chromium, Firefox and Safari say that a Content-Security-Policy forbids WebAssembly. */
const FORBIDDEN = /unsafe-eval|blocked by CSP|Content Security Policy/i

/** The error to throw where a page's Content-Security-Policy forbids WebAssembly; any other comes back as it is. */
export function wasmForbidden(cause: unknown): unknown {
  const message = cause instanceof Error ? cause.message : String(cause)
  if (!FORBIDDEN.test(message)) return cause
  return new DeviceError(
    'device_unavailable',
    "The page's Content-Security-Policy forbids WebAssembly, which icthp needs to decode images and to run models: add " +
      "'wasm-unsafe-eval' to its script-src, and to that of worker-web.js where it is served with one.",
    { reason: message, cause },
  )
}
