import { DeviceError, show } from '../base/errors.ts'
import { type Device, DEVICES, type ProbedDevice } from './backend.ts'

/** The names that runtimes have for the CPU; every other device is a GPU, or as fast as one. */
export const CPU_DEVICES: readonly Device[] = ['cpu', 'wasm']

/** Whether a device is the CPU under one of its names: what precision and batch size fit it, and what a GPU falls back to. */
export const isCpu = (device: Device): boolean => CPU_DEVICES.includes(device)

/** Throws `DeviceError` `device_unknown` for what no runtime calls a device; `usable` are those to be named. */
export function checkDevice(request: Device, usable: readonly string[]): void {
  if (DEVICES.includes(request)) return
  throw new DeviceError('device_unknown', `There is no device ${show(request)}. Use ${listed(usable)}.`, {
    device: request,
  })
}

const listed = (names: readonly string[]): string =>
  names.length < 4 ? `${names.slice(0, -1).join(', ')} or ${names.at(-1)!}` : names.join(', ')

/** What devices were found to be, each asked once; what failed is asked anew, since it may be cured by the next time. */
export class KnownDevices {
  readonly #probes = new Map<Device, Promise<ProbedDevice>>()

  probe(device: Device, probe: () => Promise<ProbedDevice>): Promise<ProbedDevice> {
    const known = this.#probes.get(device)
    if (known) return known
    const probed = probe()
    this.#probes.set(device, probed)
    probed.catch(() => this.#probes.delete(device))
    return probed
  }

  forget(): void {
    this.#probes.clear()
  }
}
