import { wasmForbidden } from '../../base/wasm/wasm-forbidden.ts'
import type { LoadWasm, WASM_FILES } from './wasm-codecs.ts'

/**
 * The build puts the files beside this code (tsup.config.ts), so that bundlers find them by these expressions and pages
 * without a bundler find them at all.
 */
const URLS: Readonly<Record<(typeof WASM_FILES)[keyof typeof WASM_FILES], () => URL>> = {
  '@jsquash/webp/codec/dec/webp_dec.wasm': () => new URL('./webp_dec.wasm', import.meta.url),
  '@jsquash/avif/codec/dec/avif_dec.wasm': () => new URL('./avif_dec.wasm', import.meta.url),
}

/** Compiles a codec from the file that comes with the build. */
export const loadWasmWeb: LoadWasm = async (file) => {
  const url = URLS[file]()
  const response = await fetch(url)
  if (!response.ok)
    throw new Error(`${url.pathname} answers ${response.status}: serve it with the page's files`)
  return WebAssembly.compile(await response.arrayBuffer()).catch((error: unknown) => {
    throw wasmForbidden(error)
  })
}
