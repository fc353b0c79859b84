import { type Device, DEVICES } from '../../backend/backend.ts'
import { expectError, expectSame, expectTrue } from '../expect.ts'
import type { Cases } from './bench.ts'

/** A name, and the devices that there are. */
export const PROBE_CASES: Cases = {
  'has a name': async ({ backend }) => {
    expectTrue(
      typeof backend.name === 'string' && backend.name !== '',
      'name should say which runtime this is, for example "my-runtime 1.2.0"',
    )
  },

  'probe: auto finds a device and never throws': async ({ backend }) => {
    const { device, notes } = await backend.probe('auto')
    expectTrue(
      device !== 'auto' && DEVICES.includes(device),
      `probe('auto') should lead to a real device, not ${String(device)}`,
    )
    expectTrue(
      Array.isArray(notes) && notes.every((note) => typeof note === 'string'),
      'notes should be a list of strings',
    )
  },

  'probe: an explicit device is that device, or DeviceError device_unavailable': async ({ backend }) => {
    for (const device of DEVICES.filter((candidate) => candidate !== 'auto')) {
      const probed = await backend.probe(device).then(
        ({ device: found }) => found,
        async (error: unknown) => {
          await expectError(
            Promise.reject(error),
            'DeviceError',
            ['device_unavailable'],
            `probe('${device}')`,
          )
          return device
        },
      )
      expectSame(probed, device, `device of probe('${device}')`)
    }
  },

  'probe: an unknown device is DeviceError device_unknown': async ({ backend }) => {
    await expectError(
      Promise.resolve().then(() => backend.probe('abacus' as Device)),
      'DeviceError',
      ['device_unknown'],
      "probe('abacus')",
    )
  },
}
