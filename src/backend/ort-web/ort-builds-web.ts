import { DeviceError } from '../../base/errors.ts'
import type { OrtApi } from '../run-ort-session.ts'

/** The packages of onnxruntime-web: which of them serves is seen from what the browser can do. */
export type OrtBuild = 'jspi' | 'webgpu' | 'wasm'

/**
 * `jspi` where WebAssembly can wait for promises (Chromium): it runs on WebGPU and CPU and reads weights piece by piece;
 * elsewhere `webgpu` (the same with more code around it, slower on the CPU) or `wasm` (CPU only).
 */
export function ortBuild(device: string): OrtBuild {
  if ('Suspending' in WebAssembly) return 'jspi'
  return device === 'webgpu' ? 'webgpu' : 'wasm'
}

const IMPORTS: Readonly<Record<OrtBuild, () => Promise<unknown>>> = {
  jspi: () => import('onnxruntime-web/jspi'),
  webgpu: () => import('onnxruntime-web/webgpu'),
  wasm: () => import('onnxruntime-web/wasm'),
}

/** By its name where a bundler has put it here, else by the address that the page's import map gives. */
export async function importOrt(build: OrtBuild, modules: Readonly<Record<string, string>>): Promise<OrtApi> {
  const name = `onnxruntime-web/${build}`
  const address = modules[name]
  try {
    return (await (address
      ? import(/* webpackIgnore: true */ /* @vite-ignore */ address)
      : IMPORTS[build]())) as OrtApi
  } catch (cause) {
    throw new DeviceError(
      'runtime_missing',
      `${name} cannot be loaded: ${(cause as Error).message}. Run \`npm install onnxruntime-web\`; without a bundler, name ` +
        `"${name}" in the page's import map.`,
      { module: name, address, cause },
    )
  }
}
