import { expect, test } from 'vitest'
import { DeviceError, ModelError } from '../../src/base/errors.ts'
import { VERSION } from '../../src/base/version.ts'
import { DEMO_NOTE } from '../../src/models/default-model-node.ts'
import { cliRoom } from './cli-room.ts'

const room = cliRoom()
const platform = `${process.platform} ${process.arch}`

test('--json has versions, every device with a reason, and the model in use', async () => {
  const { code, stdout, stderr } = await room.run(['info', '--json'])
  const { versions, devices, model } = JSON.parse(stdout)
  expect(versions).toEqual({
    icthp: VERSION,
    node: process.versions.node,
    platform,
    onnxruntime: '1.30.0',
    sharp: null,
  })
  expect(devices).toHaveLength(6)
  expect(devices.slice(0, 2)).toEqual([
    { device: 'cpu', available: true },
    {
      device: 'cuda',
      available: false,
      reason: 'no cuda in a test',
      needs: expect.stringContaining('NVIDIA GPU'),
    },
  ])
  const origin = (kind: string) => ({ repository: `fake/${kind}`, revision: '0123456789abcdef' })
  expect(model).toEqual({
    source: 'model',
    device: 'cpu',
    notes: ['auto took cpu'],
    ict: {
      name: 'fake/ict',
      dtype: 'fp32',
      dtypes: ['fp32'],
      bytes: 3_000_000,
      origin: origin('ict'),
      library: '0.1.0',
    },
    hp: {
      name: 'fake/hp',
      dtype: 'fp32',
      dtypes: ['fp32'],
      bytes: 1_500_000,
      origin: origin('hp'),
      library: '0.1.0',
    },
  })
  expect([code, stderr]).toEqual([0, ''])
  expect(room.log).toEqual(['dispose backend'])
})

test('the text says the same', async () => {
  const { stdout } = await room.run(['info'])
  const lines = stdout.split('\n')
  expect(lines.slice(0, 7)).toEqual([
    `icthp        ${VERSION}`,
    `node         ${process.versions.node} (${platform})`,
    'onnxruntime  1.30.0',
    'sharp        not installed',
    '',
    'device    there  why not',
    'cpu       yes',
  ])
  expect(lines).toContain('model  model')
  expect(lines).toContain(
    '  ict  fake/ict, fp32, 3.00 MB, converted by icthp 0.1.0 from fake/ict at 0123456789ab',
  )
  expect(lines).toContain('  runs on cpu')
})

test('without a named model it tells the demo model, and that it is one', async () => {
  const { stdout } = await room.run(['info'], { env: { ICTHP_MODEL: '' } })
  expect(stdout.split('\n')).toEqual(expect.arrayContaining(['model  demo', `    ${DEMO_NOTE}`]))
})

test('a missing model, a missing precision and a missing device are told, not thrown', async () => {
  const missing = await room.run(['info', '--model', 'empty', '--json'])
  expect(missing.code).toBe(0)
  expect(JSON.parse(missing.stdout).model).toMatchObject({
    source: 'empty',
    ict: { error: { code: 'model_not_found' } },
    hp: { error: { code: 'model_not_found' } },
  })
  const dtype = await room.run(['info', '--dtype', 'int8', '--json'])
  expect(JSON.parse(dtype.stdout).model.hp.error.code).toBe('model_dtype_unavailable')
  const device = await room.run(['info', '--device', 'cuda', '--json'])
  expect(JSON.parse(device.stdout).model).toMatchObject({
    device: null,
    hp: { error: { code: 'device_unavailable' } },
  })
})

test('that there is no model at all is told once', async () => {
  room.services.hub = async () => ({
    open: () => Promise.reject(new ModelError('model_not_found', 'There is no model. Make one.')),
  })
  const { stdout } = await room.run(['info', '--model', 'empty'])
  const lines = stdout.trimEnd().split('\n')
  expect(lines.slice(lines.indexOf('model  empty'))).toEqual([
    'model  empty',
    '  There is no model. Make one. (model_not_found)',
  ])
})

test('where the runtime is not installed, every device says so', async () => {
  room.services.backend = async () => {
    throw new DeviceError(
      'runtime_missing',
      'onnxruntime-node is not installed. Run `npm install onnxruntime-node`.',
    )
  }
  const { code, stdout } = await room.run(['info'])
  expect(code).toBe(0)
  expect(stdout).toContain(
    'cpu       no     onnxruntime-node is not installed. Run `npm install onnxruntime-node`; ' +
      'needs the CPU that this process runs on\n',
  )
})

test('a runtime that is there and does not load is told of the CPU, too, with its remedy', async () => {
  const message = 'onnxruntime-node is installed, but its library does not load (x). Install it again.'
  const refuse = (): Promise<never> => Promise.reject(new DeviceError('runtime_unloadable', message))
  let asked: unknown
  room.services.backend = async (options) => {
    asked = options
    return { name: 'broken', probe: refuse, load: refuse, dispose: async () => {} }
  }
  const { stdout } = await room.run(['info', '--json'])
  expect(asked).toEqual({ tryCpu: true })
  expect(JSON.parse(stdout).devices[0]).toMatchObject({
    device: 'cpu',
    available: false,
    reason: message.slice(0, -1),
  })
})
