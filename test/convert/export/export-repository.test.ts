import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs'
import { cp, mkdir, mkdtemp, rm, truncate, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { InferenceSession } from 'onnxruntime-node'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { modelOfFiles } from '../../../src/backend/model-of-files.ts'
import { OrtNodeBackend } from '../../../src/backend/ort-node/ort-backend-node.ts'
import { nodeServices } from '../../../src/cli/services.ts'
import { type ExportOptions, type ExportReport, exportRepository } from '../../../src/convert/index.ts'
import { createNodeHub } from '../../../src/hub/hub-node.ts'
import { selfTestInput } from '../../../src/models/self-test.ts'
import { cliRoom } from '../../cli/cli-room.ts'

const DEMO = fileURLToPath(new URL('../../../models/demo', import.meta.url))

let folder: string
beforeEach(async () => void (folder = await mkdtemp(join(tmpdir(), 'icthp-export-'))))
afterEach(() => rm(folder, { recursive: true, force: true }))

const filesIn = (path: string): string[] =>
  readdirSync(path, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name).slice(path.length + 1))
    .sort()

const exported = (options: Partial<ExportOptions> = {}): Promise<ExportReport> =>
  exportRepository({ model: join(folder, 'model'), to: 'triton', out: join(folder, 'out'), ...options })

/** On the disk of the repository, so that links can be made. */
const copyDemo = (): Promise<void> => cp(DEMO, join(folder, 'model'), { recursive: true })

describe('triton', () => {
  test('each tower is a folder with its config, and its model a folder called model.onnx', async () => {
    await copyDemo()
    const { towers, files } = await exported()
    expect(filesIn(join(folder, 'out'))).toEqual([
      'hp_vision/1/model.onnx/model.onnx',
      'hp_vision/1/model.onnx/vision_model_quantized.onnx_data',
      'hp_vision/config.pbtxt',
      'ict_text/1/model.onnx/model.onnx',
      'ict_text/1/model.onnx/text_model_quantized.onnx_data',
      'ict_text/config.pbtxt',
      'ict_vision/1/model.onnx/model.onnx',
      'ict_vision/1/model.onnx/vision_model_quantized.onnx_data',
      'ict_vision/config.pbtxt',
    ])
    expect(files).toEqual([])
    expect(towers.map(({ name, dtype }) => [name, dtype])).toEqual([
      ['ict_vision', 'q8'],
      ['ict_text', 'q8'],
      ['hp_vision', 'q8'],
    ])
    for (const { path, bytes } of towers.flatMap((tower) => tower.files))
      expect(statSync(join(folder, 'out', path)).size).toBe(bytes)
  })

  test('the config is what the onnxruntime backend wants', async () => {
    await copyDemo()
    await exported()
    const config = (tower: string): string => readFileSync(join(folder, 'out', tower, 'config.pbtxt'), 'utf8')
    const end = 'dynamic_batching { }\ninstance_group [\n  {\n    count: 1\n  }\n]\n'
    expect(config('hp_vision')).toBe(
      `name: "hp_vision"
backend: "onnxruntime"
max_batch_size: 32
input [
  {
    name: "pixel_values"
    data_type: TYPE_FP32
    dims: [ 3, 224, 224 ]
  }
]
output [
  {
    name: "image_embeds"
    data_type: TYPE_FP32
    dims: [ 256 ]
  },
  {
    name: "hp_logits"
    data_type: TYPE_FP32
    dims: [ 1 ]
    reshape { shape: [ ] }
  }
]
${end}`,
    )
    expect(config('ict_text')).toBe(
      `name: "ict_text"
backend: "onnxruntime"
max_batch_size: 32
input [
  {
    name: "input_ids"
    data_type: TYPE_INT64
    dims: [ -1 ]
  }
]
output [
  {
    name: "text_embeds"
    data_type: TYPE_FP32
    dims: [ 256 ]
  }
]
${end}`,
    )
    expect(config('ict_vision')).not.toContain('hp_logits')
  })

  test('names, types and shapes of the config are those that the graph declares, as Triton checks at load', async () => {
    await copyDemo()
    const { towers } = await exported()
    for (const { name } of towers) {
      const config = readFileSync(join(folder, 'out', name, 'config.pbtxt'), 'utf8')
      const session = await InferenceSession.create(join(folder, 'out', name, '1/model.onnx/model.onnx'))
      for (const [block, graph] of [
        ['input', session.inputMetadata],
        ['output', session.outputMetadata],
      ] as const)
        expect(declaredIn(config, block)).toEqual(graph.map(declared))
      await session.release()
    }
  })
})

type Declared = readonly [name: string, type: string, shape: readonly number[]]

/** -1 for what varies, as Triton reads a graph. */
function declared(metadata: InferenceSession.ValueMetadata): Declared {
  if (!metadata.isTensor) throw new Error('a tower has tensors only')
  const shape = metadata.shape.map((dim) => (typeof dim === 'number' ? dim : -1))
  return [metadata.name, metadata.type === 'int64' ? 'TYPE_INT64' : 'TYPE_FP32', shape]
}

/** What a config promises of the graph: where there is a `reshape`, that, and the batch before it. */
function declaredIn(config: string, block: 'input' | 'output'): Declared[] {
  const [, text] = new RegExp(`^${block} \\[\n([^]*?)^\\]`, 'm').exec(config)!
  return text!.split(/^  \}/m).flatMap((entry) => {
    const name = /name: "(.*)"/.exec(entry)?.[1]
    if (name === undefined) return []
    const dims = (/reshape \{ shape: \[(.*?)\]/.exec(entry) ?? /dims: \[(.*?)\]/.exec(entry))![1]!
    const shape = [-1, ...(dims.match(/-?\d+/g) ?? []).map(Number)]
    return [[name, /data_type: (\w+)/.exec(entry)![1]!, shape] as Declared]
  })
}

test('ovms: a version folder with the graph and its data, and a config of all towers', async () => {
  await copyDemo()
  const { files } = await exported({ to: 'ovms' })
  expect(files).toEqual(['config.json'])
  expect(filesIn(join(folder, 'out'))).toEqual([
    'config.json',
    'hp_vision/1/model.onnx',
    'hp_vision/1/vision_model_quantized.onnx_data',
    'ict_text/1/model.onnx',
    'ict_text/1/text_model_quantized.onnx_data',
    'ict_vision/1/model.onnx',
    'ict_vision/1/vision_model_quantized.onnx_data',
  ])
  expect(JSON.parse(readFileSync(join(folder, 'out/config.json'), 'utf8'))).toEqual({
    model_config_list: ['ict_vision', 'ict_text', 'hp_vision'].map((name) => ({
      config: { name, base_path: name },
    })),
  })
})

test('files are hard links, and run where they lie as they did before', async () => {
  await copyDemo()
  const { towers } = await exported()
  expect(
    towers.flatMap((tower) => tower.files.map(({ linked, path }) => linked || path.endsWith('.pbtxt'))),
  ).toEqual(Array.from({ length: 9 }, () => true))
  const [from, to] = [
    join(folder, 'model/hp/onnx/vision_model_quantized.onnx'),
    join(folder, 'out/hp_vision/1/model.onnx/model.onnx'),
  ]
  expect(statSync(to).ino).toBe(statSync(from).ino)
  const backend = new OrtNodeBackend()
  const input = selfTestInput('vision', { size: 224, contextLength: 77 })
  const answers = []
  for (const path of [from, to]) {
    const session = await backend.load(modelOfFiles(path, { path }), { device: 'cpu' })
    answers.push(await session.run(input))
    await session.dispose()
  }
  expect(answers[1]).toEqual(answers[0])
})

const elsewhere = '/dev/shm'
const otherDisk = existsSync(elsewhere) && statSync(elsewhere).dev !== statSync(tmpdir()).dev
test.skipIf(!otherDisk)('files are copied to another disk', async () => {
  const out = await mkdtemp(join(elsewhere, 'icthp-export-'))
  try {
    await copyDemo()
    const { towers } = await exported({ out })
    const [graph] = towers[0]!.files
    expect(graph!.linked).toBe(false)
    expect(readFileSync(join(out, graph!.path))).toEqual(
      readFileSync(join(DEMO, 'ict/onnx/vision_model_quantized.onnx')),
    )
  } finally {
    await rm(out, { recursive: true })
  }
})

test('one reward model alone, beside other models of the repository', async () => {
  await copyDemo()
  await mkdir(join(folder, 'out/other/1'), { recursive: true })
  const { towers } = await exported({ model: join(folder, 'model/hp') })
  expect(towers.map(({ name }) => name)).toEqual(['hp_vision'])
  expect(readdirSync(join(folder, 'out')).sort()).toEqual(['hp_vision', 'other'])
})

test('nothing is overwritten, and nothing else is written then', async () => {
  await copyDemo()
  await mkdir(join(folder, 'out/hp_vision'), { recursive: true })
  await expect(exported()).rejects.toMatchObject({ name: 'OutputError', code: 'output_not_ours' })
  expect(readdirSync(join(folder, 'out'))).toEqual(['hp_vision'])
  await writeFile(join(folder, 'file'), '')
  await expect(exported({ out: join(folder, 'file') })).rejects.toMatchObject({ code: 'output_failed' })
})

test('a damaged file ends it, and nothing is left', async () => {
  await copyDemo()
  await truncate(join(folder, 'model/hp/onnx/vision_model_quantized.onnx_data'), 1000)
  await expect(exported({ out: join(folder, 'deep/out') })).rejects.toMatchObject({
    code: 'model_file_truncated',
  })
  expect(readdirSync(folder)).toEqual(['model'])
})

test('a run that fails leaves what another has written into the folder that it made', async () => {
  await copyDemo()
  const out = join(folder, 'deep/out')
  const hub = createNodeHub()
  const open: typeof hub.open = async (...args) => {
    const model = await hub.open(...args)
    const { file } = model
    model.file = async (...asked) => {
      await writeFile(join(out, 'theirs'), '')
      if (asked[0].endsWith('_data')) throw new Error('the disk is gone')
      return file.apply(model, asked)
    }
    return model
  }
  await expect(exported({ out, hub: { ...hub, open } })).rejects.toThrow('the disk is gone')
  expect(filesIn(folder).filter((name) => !name.startsWith('model'))).toEqual(['deep/out/theirs'])
})

test.each([
  [{ dtype: 'fp16' }, 'model_dtype_unavailable'],
  [{ dtype: 'fp8' }, 'dtype_unknown'],
  [{ to: 'kserve' }, 'input_invalid_option'],
  [{ model: tmpdir() }, 'model_not_found'],
])('%j is %s', async (wrong, code) => {
  await expect(exported({ model: DEMO, ...(wrong as object) })).rejects.toMatchObject({ code })
  expect(readdirSync(folder)).toEqual([])
})

describe('the command line', () => {
  const room = cliRoom()
  test('says what it wrote and how the server is started', async () => {
    room.services = nodeServices
    const out = join(room.folder, 'repo')
    const { code, stdout } = await room.run(['export', '--model', DEMO, '--to', 'triton', '--out', out])
    expect(code).toBe(0)
    expect(stdout).toMatch(/^ict_vision \(q8\): 3 files, [\d.]+ [kM]B, \d linked\n/)
    expect(stdout).toContain(`Start it: tritonserver --model-repository ${out}\n`)
    const again = await room.run(['export', '--model', DEMO, '--to', 'triton', '--out', out])
    expect([again.code, again.stderr]).toEqual([1, expect.stringContaining('(output_not_ours)') as string])
    const none = await room.run(['export', '--model', DEMO, '--out', out])
    expect(none.code).toBe(2)
  })
})
