import { expect, it } from 'vitest'
import type { Tensors } from '../../../src/backend/backend.ts'
import { RequestError } from '../../../src/base/errors.ts'
import { VERSION } from '../../../src/base/version.ts'
import { openInferenceRoutes } from '../../../src/server/open-inference/open-inference-routes.ts'
import type { ServedTower } from '../../../src/server/open-inference/served-tower.ts'

/** Gives back twice what it is given, and its sum a row. */
const twice: ServedTower = {
  name: 'twice',
  inputs: [{ name: 'x', dtype: 'float32', dims: [-1, 2] }],
  outputs: [
    { name: 'y', dtype: 'float32', dims: [-1, 2] },
    { name: 'sum', dtype: 'float32', dims: [] },
  ],
  run: async ({ x }): Promise<Tensors> => {
    const [rows = 0] = x!.dims
    const size = x!.data.length / rows
    const data = Float32Array.from(x!.data as Float32Array, (value) => 2 * value)
    const sum = Float32Array.from({ length: rows }, (_, row) =>
      data.slice(row * size, (row + 1) * size).reduce((all, value) => all + value, 0),
    )
    return {
      y: { dtype: 'float32', dims: x!.dims, data },
      sum: { dtype: 'float32', dims: [rows], data: sum },
    }
  },
}
const failing = (name: string, error: Error): ServedTower => ({
  ...twice,
  name,
  run: () => Promise.reject(error),
})
const app = openInferenceRoutes(
  [
    twice,
    failing('busy', new RequestError('request_overloaded', 'Too much waits.', { retryAfter: 1.2 })),
    failing('closing', new RequestError('request_closing', 'The server closes.')),
    failing('broken', new Error('secret path /home/x')),
  ],
  { maxBytes: 4000 },
)

const json = async (path: string): Promise<unknown> => (await app.request(path)).json()
const infer = (body: unknown, model = 'twice', headers: Record<string, string> = {}): Promise<Response> =>
  Promise.resolve(
    app.request(`/v2/models/${model}/infer`, {
      method: 'POST',
      headers,
      body: body instanceof Uint8Array ? (body as Uint8Array<ArrayBuffer>) : JSON.stringify(body),
    }),
  )
const x = { name: 'x', datatype: 'FP32', shape: [1, 2, 2], data: [1, 2, 3, 4] }

it('says what it is, that it is there, and what its towers take', async () => {
  expect(await json('/v2')).toEqual({ name: 'icthp', version: VERSION, extensions: ['binary_tensor_data'] })
  expect(await json('/v2/health/live')).toEqual({ live: true })
  expect(await json('/v2/health/ready')).toEqual({ ready: true })
  const metadata = {
    name: 'twice',
    versions: ['1'],
    platform: 'onnxruntime_onnx',
    inputs: [{ name: 'x', datatype: 'FP32', shape: [-1, -1, 2] }],
    outputs: [
      { name: 'y', datatype: 'FP32', shape: [-1, -1, 2] },
      { name: 'sum', datatype: 'FP32', shape: [-1] },
    ],
  }
  for (const path of ['/v2/models/twice', '/v2/models/twice/versions/1']) {
    expect(await json(path)).toEqual(metadata)
    expect(await json(`${path}/ready`)).toEqual({ name: 'twice', ready: true })
  }
})

it('has an index of its towers, as Triton and MLServer, and a list, as KServe', async () => {
  const index = await app.request('/v2/repository/index', { method: 'POST', body: '{}' })
  const entries = ['twice', 'busy', 'closing', 'broken'].map((name) => ({
    name,
    version: '1',
    state: 'READY',
  }))
  expect(await index.json()).toEqual(entries)
  expect(await json('/v2/models')).toEqual({ models: ['twice', 'busy', 'closing', 'broken'] })
})

it('takes null for what is not given, as Python writes it', async () => {
  const nulls = { id: null, parameters: null, outputs: null, inputs: [{ ...x, parameters: null }] }
  const { outputs } = (await (await infer(nulls)).json()) as { outputs: { name: string }[] }
  expect(outputs.map(({ name }) => name)).toEqual(['y', 'sum'])
  const sizeless = { ...x, parameters: { binary_data_size: null } }
  expect((await infer({ inputs: [sizeless] })).status).toBe(200)
})

it('answers JSON with JSON, nested or flat, and gives the outputs that are asked for', async () => {
  const flat = await infer({ id: 'a', inputs: [x] })
  expect(flat.headers.get('content-type')).toMatch(/^application\/json/)
  expect(await flat.json()).toEqual({
    model_name: 'twice',
    model_version: '1',
    id: 'a',
    outputs: [
      { name: 'y', datatype: 'FP32', shape: [1, 2, 2], data: [2, 4, 6, 8] },
      { name: 'sum', datatype: 'FP32', shape: [1], data: [20] },
    ],
  })
  const nested = { ...x, data: [[[1, 2], [3, 4]]] } // prettier-ignore
  const asked = await infer({ inputs: [nested], outputs: [{ name: 'sum' }] })
  expect(((await asked.json()) as { outputs: unknown }).outputs).toEqual([
    { name: 'sum', datatype: 'FP32', shape: [1], data: [20] },
  ])
})

it('takes tensors after the JSON, and answers with bytes where they are asked for, one by one or all', async () => {
  const bytes = new Uint8Array(Float32Array.of(1, 2, 3, 4).buffer)
  const ask = async (
    rest: object,
  ): Promise<{ head: number; body: Uint8Array; json: Record<string, unknown> }> => {
    const { data: _, ...bare } = x
    const head = new TextEncoder().encode(
      JSON.stringify({ inputs: [{ ...bare, parameters: { binary_data_size: 16 } }], ...rest }),
    )
    const answer = await infer(Uint8Array.from([...head, ...bytes]), 'twice', {
      'Inference-Header-Content-Length': String(head.length),
    })
    const body = new Uint8Array(await answer.arrayBuffer())
    const length = Number(answer.headers.get('inference-header-content-length') ?? body.length)
    return {
      head: length,
      body,
      json: JSON.parse(new TextDecoder().decode(body.subarray(0, length))) as never,
    }
  }
  const all = await ask({ parameters: { binary_data_output: true } })
  expect(all.json['outputs']).toEqual([
    { name: 'y', datatype: 'FP32', shape: [1, 2, 2], parameters: { binary_data_size: 16 } },
    { name: 'sum', datatype: 'FP32', shape: [1], parameters: { binary_data_size: 4 } },
  ])
  expect([...new Float32Array(all.body.slice(all.head).buffer)]).toEqual([2, 4, 6, 8, 20])
  const one = await ask({ outputs: [{ name: 'y' }, { name: 'sum', parameters: { binary_data: true } }] })
  expect(one.json['outputs']).toEqual([
    { name: 'y', datatype: 'FP32', shape: [1, 2, 2], data: [2, 4, 6, 8] },
    { name: 'sum', datatype: 'FP32', shape: [1], parameters: { binary_data_size: 4 } },
  ])
  expect(one.body.length - one.head).toBe(4)
})

it.each([
  [
    'a model that is not there',
    { inputs: [x] },
    'nowhere',
    404,
    /no model "nowhere" here\. There are: twice, busy/,
  ],
  ['no JSON', new TextEncoder().encode('hello'), 'twice', 400, /the body is not JSON/],
  ['no object', [1], 'twice', 400, /not a JSON object/],
  ['no inputs', {}, 'twice', 400, /no list of inputs/],
  ['another input', { inputs: [{ ...x, name: 'z' }] }, 'twice', 400, /no input "z"; it has x/],
  ['an input twice', { inputs: [x, x] }, 'twice', 400, /tensor x is there twice/],
  ['an input missing', { inputs: [] }, 'twice', 400, /Input x of twice is missing/],
  [
    'another shape',
    { inputs: [{ ...x, shape: [4, 1, 1] }] },
    'twice',
    400,
    /is FP32 \[-1,-1,2\].*not FP32 \[4,1,1\]/,
  ],
  ['nothing', { inputs: [{ ...x, shape: [0, 2, 2], data: [] }] }, 'twice', 400, /at least one of each/],
  ['too few values', { inputs: [{ ...x, data: [1] }] }, 'twice', 400, /has 1 values, but \[1,2,2\] takes 4/],
  ['a wrong value', { inputs: [{ ...x, data: [1, 2, 3, '4'] }] }, 'twice', 400, /values that are no numbers/],
  [
    'another type',
    { inputs: [{ ...x, datatype: 'BYTES' }] },
    'twice',
    400,
    /datatype BYTES; towers have FP32/,
  ],
  ['a wrong shape', { inputs: [{ ...x, shape: [1e300, 2, 2] }] }, 'twice', 400, /no shape that can be/],
  [
    'a classification',
    { inputs: [x], outputs: [{ name: 'y', parameters: { classification: 2 } }] },
    'twice',
    400,
    /tensor y asks for classification/,
  ],
  [
    'shared memory',
    { inputs: [{ ...x, data: undefined, parameters: { shared_memory_region: 'a' } }] },
    'twice',
    400,
    /tensor x asks for shared memory/,
  ],
  ['another output', { inputs: [x], outputs: [{ name: 'z' }] }, 'twice', 400, /no output "z"; it has y, sum/],
  ['too much', new Uint8Array(5000), 'twice', 413, /more than 4000 bytes/],
  ['what has to wait', { inputs: [x] }, 'busy', 429, /Too much waits/],
  ['what comes too late', { inputs: [x] }, 'closing', 503, /The server closes/],
  ['what breaks', { inputs: [x] }, 'broken', 500, /^The server failed\.$/],
])('refuses %s with a status and a reason', async (_, body, model, status, told) => {
  const answer = await infer(body, model)
  expect(answer.status).toBe(status)
  expect(await answer.json()).toEqual({ error: expect.stringMatching(told) as string })
  expect(answer.headers.get('retry-after')).toBe(status === 429 ? '2' : null)
})

it.each(['99999', '-1', 'x', '1.5'])('refuses the header length %s', async (length) => {
  const answer = await infer({ inputs: [x] }, 'twice', { 'inference-header-content-length': length })
  expect(answer.status).toBe(400)
})

it('refuses another version, and bodies that are packed', async () => {
  expect((await app.request('/v2/models/twice/versions/2/ready')).status).toBe(404)
  const packed = await infer({ inputs: [x] }, 'twice', { 'content-encoding': 'gzip' })
  expect([packed.status, await packed.json()]).toEqual([
    415,
    { error: 'The body is gzip; send it as it is.' },
  ])
  expect(packed.headers.get('accept-encoding')).toBe('identity')
})
