import { DeviceError } from '../../base/errors.ts'
import type { Device, ProbedDevice } from '../backend.ts'
import { checkDevice } from '../devices.ts'
import { reason } from '../reason.ts'

/** What trying a device showed. */
export interface TriedDevice {
  /** Of WebAssembly. */
  readonly threads: number
  /** WebGPU without a GPU. */
  readonly software: boolean
  /** WebGPU whose fused attention is wrong, and is not used. */
  readonly decomposed: boolean
}

/** Tries a device, or throws an error that says why it cannot be had. */
export type TryWebDevice = (device: Device) => Promise<TriedDevice>

export async function probeWebDevice(request: Device, tryDevice: TryWebDevice): Promise<ProbedDevice> {
  checkDevice(request, ['auto', 'webgpu', 'wasm'])
  if (request === 'auto') return probeAuto(tryDevice)
  if (request === 'wasm') return { device: 'wasm', notes: threadNotes((await tryDevice('wasm')).threads) }
  if (request !== 'webgpu') {
    throw new DeviceError(
      'device_unavailable',
      `The device ${request} is for Node (icthp/node). In browsers use auto, webgpu or wasm.`,
      {
        device: request,
      },
    )
  }
  try {
    requireWebGpu()
    return { device: 'webgpu', notes: attentionNotes(await tryDevice('webgpu')) }
  } catch (cause) {
    if (cause instanceof DeviceError) throw cause
    throw new DeviceError(
      'device_unavailable',
      `The device webgpu cannot be used here: ${reason(cause)}. It needs a browser and a GPU with WebGPU. Or use device: ` +
        "'auto', which takes what works.",
      { device: request, cause },
    )
  }
}

/** Any GPU beats WebAssembly by far, so a WebGPU that works is taken, unless it is the CPU that draws pictures for it. */
async function probeAuto(tryDevice: TryWebDevice): Promise<ProbedDevice> {
  const notes: string[] = []
  try {
    requireWebGpu()
    const tried = await tryDevice('webgpu')
    if (!tried.software)
      return { device: 'webgpu', fallback: 'wasm', notes: ['auto took webgpu', ...attentionNotes(tried)] }
    notes.push('webgpu is a software renderer here, slower than wasm')
  } catch (error) {
    if (error instanceof DeviceError) throw error
    notes.push(`webgpu is not available: ${reason(error)}`)
  }
  const { threads } = await tryDevice('wasm')
  return { device: 'wasm', notes: [...notes, 'auto took wasm', ...threadNotes(threads)] }
}

const attentionNotes = ({ decomposed }: TriedDevice): string[] =>
  decomposed
    ? ["WebGPU's fused attention is wrong on this GPU, so the towers run with their attention written out"]
    : []

function requireWebGpu(): void {
  if (!('gpu' in navigator)) throw new Error('this browser or address has none (it needs https or localhost)')
}

function threadNotes(threads: number): string[] {
  if (globalThis.crossOriginIsolated || threads > 1) return []
  return [
    'wasm runs on one thread, since the page is not cross-origin isolated: serve it with Cross-Origin-Opener-Policy: ' +
      'same-origin and Cross-Origin-Embedder-Policy: require-corp',
  ]
}
