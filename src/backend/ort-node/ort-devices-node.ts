import { DeviceError } from '../../base/errors.ts'
import type { Device, ProbedDevice } from '../backend.ts'
import { checkDevice } from '../devices.ts'
import { reason } from '../reason.ts'

/** Devices of onnxruntime-node, and what each needs. */
export const NODE_DEVICES: Readonly<Partial<Record<Device, string>>> = {
  cpu: 'the CPU that this process runs on',
  cuda:
    'an NVIDIA GPU on Linux x64 with CUDA 12 and cuDNN 9, and the CUDA libraries of onnxruntime-node, which its ' +
    'install script fetches unless ONNXRUNTIME_NODE_INSTALL=skip is set: `npm rebuild onnxruntime-node`',
  tensorrt: 'what cuda needs, and TensorRT 10',
  webgpu:
    "a GPU with a Vulkan (Linux: the package libvulkan1 and the GPU's driver), Metal or Direct3D 12 driver",
  coreml: 'macOS',
  dml: 'Windows with a DirectX 12 GPU',
}

/** Tries a device: milliseconds of a small matrix product, or an error that says why it cannot be had. */
export type TryDevice = (device: Device) => Promise<number>

/**
 * A GPU by name beats the CPU by far, so the first that works is taken; WebGPU may be a software renderer, so there
 * the stopwatch decides. TensorRT (minutes to build an engine) and Core ML (runs parts only) are taken when asked for.
 */
const AUTO: readonly Device[] = ['cuda', 'dml', 'webgpu']

export async function probeNodeDevice(
  request: Device,
  tryDevice: TryDevice,
  platform: string,
): Promise<ProbedDevice> {
  checkDevice(request, ['auto', ...Object.keys(NODE_DEVICES)])
  if (request === 'auto') return probeAuto(tryDevice, platform)
  const needs = NODE_DEVICES[request]
  if (!needs) {
    throw new DeviceError(
      'device_unavailable',
      `The device ${request} is for browsers (icthp/web). In Node use auto, ${Object.keys(NODE_DEVICES).join(', ')}.`,
      { device: request },
    )
  }
  try {
    await tryDevice(request)
  } catch (cause) {
    if (cause instanceof DeviceError) throw cause
    throw new DeviceError(
      'device_unavailable',
      `The device ${request} cannot be used here: ${reason(cause)}. It needs ${needs}. ` +
        "Or use device: 'auto', which takes what works.",
      { device: request, cause },
    )
  }
  return { device: request, notes: [] }
}

async function probeAuto(tryDevice: TryDevice, platform: string): Promise<ProbedDevice> {
  const notes: string[] = []
  for (const device of AUTO) {
    if (device === 'dml' && platform !== 'win32') continue
    if (device === 'cuda' && platform === 'darwin') continue
    try {
      const milliseconds = await tryDevice(device)
      if (device === 'webgpu') {
        const cpu = await tryDevice('cpu')
        if (milliseconds * 2 > cpu) {
          const times = `${milliseconds.toFixed(1)} against ${cpu.toFixed(1)} ms for a probe`
          notes.push(`webgpu works but is no faster than the CPU here (${times})`)
          continue
        }
      }
      return {
        device,
        notes: [...notes, `auto took ${device}: it answered the probe in ${milliseconds.toFixed(1)} ms`],
      }
    } catch (error) {
      // Where the runtime itself does not load, no device is better.
      if (error instanceof DeviceError) throw error
      notes.push(`${device} is not available: ${reason(error)}`)
    }
  }
  return { device: 'cpu', notes: [...notes, 'auto took cpu'] }
}
