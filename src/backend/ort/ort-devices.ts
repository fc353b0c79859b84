import { DeviceError } from '../../base/errors.ts'
import { type Device, DEVICES, type ProbedDevice } from '../backend.ts'
import { checkDevice, isCpu } from '../devices.ts'
import { reason } from '../reason.ts'

/** Tries a device, or throws an error that says why it cannot be had. */
export type TryOrtDevice = (device: Device) => Promise<void>

/** `auto` goes through `order`, which ends with the names that a CPU may have. */
export async function probeOrtDevice(
  request: Device,
  order: readonly Device[],
  tryDevice: TryOrtDevice,
): Promise<ProbedDevice> {
  checkDevice(request, DEVICES)
  if (request === 'auto') return probeAuto(order, tryDevice)
  try {
    await tryDevice(request)
  } catch (cause) {
    throw new DeviceError(
      'device_unavailable',
      `The device ${request} cannot be used with this onnxruntime: ${reason(cause)}. Use device: 'auto', or a build ` +
        'of onnxruntime that has it.',
      { device: request, cause },
    )
  }
  return { device: request, notes: [] }
}

async function probeAuto(order: readonly Device[], tryDevice: TryOrtDevice): Promise<ProbedDevice> {
  const notes: string[] = []
  const works = async (device: Device): Promise<boolean> => {
    try {
      await tryDevice(device)
      return true
    } catch (error) {
      notes.push(`${device} is not available: ${reason(error)}`)
      return false
    }
  }
  for (const [i, device] of order.entries()) {
    if (!(await works(device))) continue
    if (isCpu(device)) return { device, notes: [...notes, `auto took ${device}`] }
    // What a GPU gets wrong is computed on the CPU, whose name is to be known for that.
    const took = [...notes, `auto took ${device}`]
    for (const fallback of order.slice(i + 1).filter(isCpu))
      if (await works(fallback)) return { device, fallback, notes: took }
    return { device, notes: took }
  }
  // Nothing works: loading will say why.
  return { device: order.at(-1)!, notes }
}
