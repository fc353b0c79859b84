import { describe, expect, it } from 'vitest'
import { type Device, DEVICES, type ProbedDevice } from '../../../src/backend/backend.ts'
import { NODE_DEVICES, probeNodeDevice } from '../../../src/backend/ort-node/ort-devices-node.ts'

/** Probes on a machine where these devices take so many milliseconds, and the others are not there. */
const on = (
  times: Partial<Record<Device, number>>,
  device: Device,
  platform = 'linux',
): Promise<ProbedDevice> =>
  probeNodeDevice(
    device,
    async (candidate) => {
      const time = times[candidate]
      if (time === undefined) throw new Error(`no ${candidate} here.\nand a stack of other lines`)
      return time
    },
    platform,
  )

describe('auto', () => {
  it('takes the CPU where there is nothing else, and says what it tried', async () => {
    expect(await on({ cpu: 5 }, 'auto')).toEqual({
      device: 'cpu',
      notes: [
        'cuda is not available: no cuda here',
        'webgpu is not available: no webgpu here',
        'auto took cpu',
      ],
    })
  })

  it("leaves out the place in onnxruntime's source", async () => {
    const message =
      '/onnxruntime_src/onnxruntime/core/webgpu_context.cc:136 void onnxruntime::Initialize(const Config&)::<lambda()> ' +
      'result == Success was false. Failed to get an adapter: None.\n'
    const { notes } = await probeNodeDevice(
      'auto',
      (device) => (device === 'cpu' ? Promise.resolve(1) : Promise.reject(new Error(message))),
      'darwin',
    )
    expect(notes[0]).toBe('webgpu is not available: Failed to get an adapter: None')
  })

  it('takes CUDA first', async () => {
    expect(await on({ cpu: 5, cuda: 9, webgpu: 1 }, 'auto')).toEqual({
      device: 'cuda',
      notes: ['auto took cuda: it answered the probe in 9.0 ms'],
    })
  })

  it('takes WebGPU where it is clearly faster than the CPU', async () => {
    expect(await on({ cpu: 5, webgpu: 2 }, 'auto')).toMatchObject({
      device: 'webgpu',
      notes: [expect.stringMatching(/^cuda/) as string, 'auto took webgpu: it answered the probe in 2.0 ms'],
    })
    expect(await on({ cpu: 5, webgpu: 50 }, 'auto')).toMatchObject({
      device: 'cpu',
      notes: [
        expect.stringMatching(/^cuda/) as string,
        'webgpu works but is no faster than the CPU here (50.0 against 5.0 ms for a probe)',
        'auto took cpu',
      ],
    })
  })

  it('tries what the platform can have', async () => {
    expect(await on({ cpu: 5, dml: 1 }, 'auto', 'win32')).toMatchObject({ device: 'dml' })
    expect(await on({ cpu: 5, dml: 1 }, 'auto', 'linux')).toMatchObject({ device: 'cpu' })
    expect((await on({ cpu: 5, webgpu: 1 }, 'auto', 'darwin')).notes).toHaveLength(1)
  })

  it('never takes what was not asked for by name', async () => {
    expect(await on({ cpu: 5, tensorrt: 0.1, coreml: 0.1, wasm: 0.1 }, 'auto', 'darwin')).toMatchObject({
      device: 'cpu',
    })
  })
})

describe('an explicit device', () => {
  it('is taken where it works', async () => {
    for (const device of Object.keys(NODE_DEVICES) as Device[])
      expect(await on({ [device]: 1 }, device)).toEqual({ device, notes: [] })
  })

  it('that is not there is device_unavailable, with what it needs', async () => {
    for (const [device, needs] of Object.entries(NODE_DEVICES)) {
      await expect(on({}, device as Device)).rejects.toMatchObject({
        name: 'DeviceError',
        code: 'device_unavailable',
        details: { device },
        message: `The device ${device} cannot be used here: no ${device} here. It needs ${needs}. Or use device: 'auto', which takes what works.`,
        cause: { message: expect.stringContaining('a stack of other lines') as string },
      })
    }
  })

  it('for browsers is device_unavailable', async () => {
    const browsers = DEVICES.filter((device) => device !== 'auto' && !(device in NODE_DEVICES))
    expect(browsers).toEqual(['wasm', 'remote'])
    await expect(on({ wasm: 1 }, 'wasm')).rejects.toMatchObject({
      code: 'device_unavailable',
      message: expect.stringContaining('icthp/web') as string,
    })
  })

  it('that nobody knows is device_unknown, with the list', async () => {
    for (const device of ['gpu', 'CPU', '', undefined, 'constructor']) {
      await expect(on({}, device as Device)).rejects.toMatchObject({
        name: 'DeviceError',
        code: 'device_unknown',
        message: expect.stringContaining('Use auto, cpu, cuda, tensorrt, webgpu, coreml, dml.') as string,
      })
    }
  })
})
