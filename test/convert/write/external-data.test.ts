import { createHash } from 'node:crypto'
import { type FileHandle, mkdir, mkdtemp, open, readdir, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, afterEach, beforeEach, expect, test, vi } from 'vitest'
import { modelOfFiles } from '../../../src/backend/model-of-files.ts'
import { OrtNodeBackend } from '../../../src/backend/ort-node/ort-backend-node.ts'
import { parseClipConfig } from '../../../src/convert/config/clip-config.ts'
import { visionTower } from '../../../src/convert/graph/clip-towers.ts'
import { GraphBuilder, toFloat16, type TowerGraph } from '../../../src/convert/graph/graph-builder.ts'
import { floating } from '../../../src/convert/graph/precision.ts'
import { type LogicalWeight, visionWeights } from '../../../src/convert/graph/tower-weights.ts'
import { WeightPool } from '../../../src/convert/graph/weight-pool.ts'
import { openCheckpoint, writeRandomCheckpoint } from '../../../src/convert/index.ts'
import { Digester } from '../../../src/convert/write/digester.ts'
import { ExternalDataWriter } from '../../../src/convert/write/external-data.ts'
import { asOutputError } from '../../../src/convert/write/output-error.ts'
import { writeTower } from '../../../src/convert/write/write-tower.ts'
import type { OnnxInitializer } from '../../../src/onnx/onnx-model.ts'

let folder: string
const digester = new Digester()
afterAll(() => digester.dispose())
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'icthp-parts-'))
})
afterEach(() => rm(folder, { recursive: true, force: true }))

const bytesOf = (length: number, value: number): Uint8Array => new Uint8Array(length).fill(value)

test('a part ends before it would pass the limit; places are aligned; digests are those of the files', async () => {
  const writer = new ExternalDataWriter(folder, 'a.onnx', { limit: 10_000, digester })
  const tensors = [
    bytesOf(5000, 1),
    bytesOf(10, 2),
    bytesOf(70, 3),
    bytesOf(4096, 4),
    bytesOf(20_000, 5),
    bytesOf(1, 6),
  ]
  const places = []
  for (const tensor of tensors) places.push(await writer.append(tensor))
  await writer.finish()
  const digests = await writer.settled()
  expect(places).toEqual([
    { file: 'a.onnx_data', offset: 0, length: 5000 },
    { file: 'a.onnx_data', offset: 5056, length: 10 },
    { file: 'a.onnx_data', offset: 5120, length: 70 },
    // From a page on, tensors start on pages.
    { file: 'a.onnx_data', offset: 8192, length: 4096 },
    // More than a part takes: alone.
    { file: 'a.onnx_data_1', offset: 0, length: 20_000 },
    { file: 'a.onnx_data_2', offset: 0, length: 1 },
  ])
  expect(writer.names).toEqual(['a.onnx_data', 'a.onnx_data_1', 'a.onnx_data_2'])
  for (const [i, name] of writer.names.entries()) {
    const file = await readFile(join(folder, name))
    expect(digests[i]).toEqual({ size: file.length, sha256: createHash('sha256').update(file).digest('hex') })
  }
  for (const [i, { file, offset, length }] of places.entries()) {
    expect(new Uint8Array((await readFile(join(folder, file))).subarray(offset, offset + length))).toEqual(
      tensors[i],
    )
  }
})

test('a tower in many parts loads, and answers as one in a single part', async () => {
  await writeRandomCheckpoint(folder)
  const config = parseClipConfig(
    JSON.parse(await readFile(join(folder, 'base/config.json'), 'utf8')),
    'config.json',
  )
  await using checkpoint = await openCheckpoint(join(folder, 'ICT'))
  const backend = new OrtNodeBackend()
  const answers: Float32Array[] = []
  for (const partLimit of [undefined, 50_000]) {
    const out = join(folder, `out-${partLimit}`)
    await mkdir(join(out, 'onnx'), { recursive: true })
    const graphs = new Map([['fp32', visionTower(config, floating('float32'), false)]] as const)
    const weights = visionWeights(config, (name) => checkpoint.tensors.get(name)!)
    const { towers, settled } = await writeTower({
      folder: out,
      tower: 'vision',
      graphs,
      weights,
      pool: new WeightPool(),
      version: '0',
      partLimit,
      digester,
    })
    const files = await settled()
    const { model, externalData } = towers.fp32!
    expect(externalData.length > 3).toBe(partLimit !== undefined)
    expect((await readdir(join(out, 'onnx'))).map((name) => `onnx/${name}`).sort()).toEqual(
      Object.keys(files).sort(),
    )
    const session = await backend.load(
      modelOfFiles(
        'vision',
        { path: join(out, model) },
        externalData.map((path) => ({ name: path.slice('onnx/'.length), file: { path: join(out, path) } })),
      ),
      { device: 'cpu' },
    )
    const data = Float32Array.from({ length: 3 * 224 * 224 }, (_, i) => Math.sin(i / 997))
    const { image_embeds } = await session.run({
      pixel_values: { dtype: 'float32', dims: [1, 3, 224, 224], data },
    })
    answers.push(image_embeds!.data as Float32Array)
    await session.dispose()
  }
  await backend.dispose()
  expect(answers[0]!.length).toBe(1024)
  expect(answers[1]).toEqual(answers[0])
})

test.each([[false], [true]])(
  'a weight in parts lies in one piece; one that is not stored value by value (%s) comes whole',
  async (apart) => {
    await mkdir(join(folder, 'onnx'))
    const values = Float32Array.from({ length: 5000 }, (_, i) => i / 8)
    const loads: number[] = []
    const slice = (start: number, count: number): LogicalWeight => ({
      key: 'w',
      dims: [count],
      load: async () => {
        loads.push(count)
        return values.slice(start, start + count)
      },
    })
    const graphOf = (dtype: 'float32' | 'float16', whole: boolean): TowerGraph => {
      const b = new GraphBuilder(dtype)
      b.weight('before', [3])
      if (whole)
        b.store({
          key: 'w',
          tensors: [{ name: 'w', dtype, dims: [5000] }],
          encode: (array) => [new Uint8Array(array.slice().buffer)],
        })
      else b.weight('w', [5000])
      return b.finish('g', [], [])
    }
    const tensors: Record<string, OnnxInitializer> = {}
    const { settled } = await writeTower({
      folder,
      tower: 'text',
      version: '0',
      digester,
      onStored: (dtype, stored) => stored.forEach((tensor) => (tensors[`${dtype} ${tensor.name}`] = tensor)),
      pool: new WeightPool(),
      graphs: new Map([
        ['fp16', graphOf('float16', false)],
        ['fp32', graphOf('float32', apart)],
      ]),
      weights: [
        { key: 'before', dims: [3], load: async () => Float32Array.of(1, 2, 3) },
        { ...slice(0, 5000), parts: [slice(0, 2048), slice(2048, 2048), slice(4096, 904)] },
      ],
      // Less than 5000 values take, together with what is before them.
      partLimit: 10_000,
    })
    await settled()
    expect(loads).toEqual(apart ? [5000] : [2048, 2048, 904])
    for (const [dtype, right] of [
      ['fp16', toFloat16(values)],
      ['fp32', values],
    ] as const) {
      const { data } = tensors[`${dtype} w`]!
      if (data instanceof Uint8Array) throw new Error('it should lie in a file')
      expect(data).toMatchObject({ offset: 0, length: right.byteLength })
      expect(data.file.endsWith('.onnx_data_1')).toBe(true)
      expect(new Uint8Array(await readFile(join(folder, 'onnx', data.file)))).toEqual(
        new Uint8Array(right.buffer),
      )
    }
  },
)

test('a flush that fails while the rest is written is heard of in the end', async () => {
  const probe = await open(join(folder, 'probe'), 'w')
  const failing = vi
    .spyOn(Object.getPrototypeOf(probe) as FileHandle, 'datasync')
    .mockRejectedValueOnce(new Error('EIO: the disk is broken'))
  await probe.close()
  const writer = new ExternalDataWriter(folder, 'a.onnx', { digester })
  // As much as is flushed at a time, and something behind it.
  for (const size of [16 << 20, 4096]) await writer.append(new Uint8Array(size))
  await writer.finish()
  await expect(writer.settled()).rejects.toThrow('the disk is broken')
  expect(failing).toHaveBeenCalledTimes(1)
  failing.mockRestore()
})

test('a write that the system takes in part only is gone on with; what it says then is the error', async () => {
  const probe = await open(join(folder, 'probe'), 'w')
  await probe.close()
  const prototype = Object.getPrototypeOf(probe) as FileHandle
  const whole = prototype.write as (bytes: Uint8Array, offset: number) => Promise<unknown>
  vi.spyOn(prototype, 'writev').mockImplementation(async function (this: FileHandle, chunks) {
    // Three bytes of the first that has so many.
    const bytes = Buffer.concat(chunks as Uint8Array[]).subarray(0, 3)
    await whole.call(this, bytes, 0)
    return { bytesWritten: bytes.length, buffers: chunks }
  })
  try {
    const writer = new ExternalDataWriter(folder, 'a.onnx')
    await writer.append(bytesOf(10, 1))
    const { offset } = await writer.append(bytesOf(5000, 2))
    await writer.finish()
    await writer.settled()
    const found = await readFile(join(folder, 'a.onnx_data'))
    expect(found.length).toBe(offset + 5000)
    expect([...found.subarray(0, 11)]).toEqual([1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 0])
    expect(found.subarray(offset).every((byte) => byte === 2)).toBe(true)
    const cause = Object.assign(new Error('EFBIG: file too large, write'), {
      code: 'EFBIG',
      syscall: 'write',
    })
    vi.spyOn(prototype, 'write').mockRejectedValue(cause)
    const failing = new ExternalDataWriter(folder, 'b.onnx')
    await failing.append(bytesOf(10, 1))
    await expect(failing.written()).rejects.toBe(cause)
    await failing.abandon()
    expect(asOutputError(cause, folder)).toMatchObject({ code: 'output_no_space' })
  } finally {
    vi.restoreAllMocks()
  }
})

test('what the system says of writing has a code, known or not; of reading, another', () => {
  const said = (code: string, syscall: string): Error =>
    Object.assign(new Error(`${code}: …, ${syscall}`), { code, syscall })
  expect(asOutputError(said('ENXIO', 'open'), '/out')).toMatchObject({ code: 'output_failed' })
  expect(asOutputError(said('EIO', 'read'), '/out')).toMatchObject({ code: 'checkpoint_unreadable' })
  const fault = new TypeError('ours')
  expect(asOutputError(fault, '/out')).toBe(fault)
})
