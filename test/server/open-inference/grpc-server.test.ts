import grpc from '@grpc/grpc-js'
import { afterAll, beforeAll, expect, test } from 'vitest'
import {
  decodeFlag,
  decodeGrpcResponse,
  decodeModelMetadata,
  encodeGrpcRequest,
  encodeModelName,
  GRPC_SERVICE,
} from '../../../src/backend/open-inference/grpc-messages.ts'
import { BackendError, RequestError } from '../../../src/base/errors.ts'
import { ProtobufWriter } from '../../../src/onnx/protobuf.ts'
import { type GrpcServer, serveGrpc } from '../../../src/server/open-inference/grpc-server-node.ts'
import type { ServedTower } from '../../../src/server/open-inference/served-tower.ts'

let started: AbortSignal | undefined
const same: ServedTower = {
  name: 'same',
  inputs: [{ name: 'x', dtype: 'float32', dims: [2] }],
  outputs: [{ name: 'x', dtype: 'float32', dims: [2] }],
  run: async (inputs) => inputs,
}
const failing = (name: string, error: Error): ServedTower => ({
  ...same,
  name,
  run: () => Promise.reject(error),
})
const towers: ServedTower[] = [
  same,
  failing('busy', new RequestError('request_overloaded', 'Too much waits.')),
  failing('closing', new RequestError('request_closing', 'The server closes.')),
  failing('nan', new BackendError('backend_nan', 'It overflows.')),
  failing('broken', new Error('secret path /home/x')),
  {
    ...same,
    name: 'endless',
    run: (_, { signal } = {}) =>
      new Promise((_, reject) => {
        started = signal
        signal!.addEventListener('abort', () => reject(signal!.reason as Error))
      }),
  },
]

let server: GrpcServer
let client: grpc.Client
beforeAll(async () => {
  const authorize = (token: string | undefined): boolean => token === 'Bearer right'
  server = await serveGrpc(towers, { port: 0, maxBytes: 10_000, authorize })
  client = new grpc.Client(`127.0.0.1:${server.port}`, grpc.credentials.createInsecure())
})
afterAll(async () => {
  client.close()
  await server.close(0)
})

function call(method: string, message: Uint8Array, token = 'Bearer right'): Promise<Uint8Array> {
  const metadata = new grpc.Metadata()
  metadata.set('authorization', token)
  return new Promise((resolve, reject) => {
    client.makeUnaryRequest(
      method.startsWith('/') ? method : `/${GRPC_SERVICE}/${method}`,
      (bytes: Uint8Array) => Buffer.from(bytes),
      (bytes: Buffer) => new Uint8Array(bytes),
      message,
      metadata,
      (error, answer) => (error ? reject(error) : resolve(answer!)),
    )
  })
}
const request = (model: string, values = 2): Uint8Array =>
  encodeGrpcRequest({
    model,
    inputs: { x: { dtype: 'float32', dims: [1, values], data: new Float32Array(values).fill(7) } },
  })

test('is live and ready for everybody, and has its models for those with a token', async () => {
  const nothing = new Uint8Array()
  expect(decodeFlag(await call('ServerLive', nothing, ''))).toBe(true)
  expect(decodeFlag(await call('ServerReady', nothing, ''))).toBe(true)
  expect(decodeFlag(await call('ModelReady', encodeModelName('same')))).toBe(true)
  expect(decodeModelMetadata(await call('ModelMetadata', encodeModelName('same', '1')))).toEqual({
    name: 'same',
    versions: ['1'],
    platform: 'onnxruntime_onnx',
    inputs: [{ name: 'x', datatype: 'FP32', shape: [-1, 2] }],
    outputs: [{ name: 'x', datatype: 'FP32', shape: [-1, 2] }],
  })
  const { outputs } = decodeGrpcResponse(await call('ModelInfer', request('same')))
  expect(outputs['x']).toEqual({ dtype: 'float32', dims: [1, 2], data: Float32Array.of(7, 7) })
})

const HEALTH = '/grpc.health.v1.Health/Check'
test('answers the health check of gRPC, for everybody', async () => {
  // HealthCheckResponse { status: SERVING }
  const serving = Uint8Array.of(8, 1)
  expect(await call(HEALTH, new Uint8Array(), '')).toEqual(serving)
  expect(await call(HEALTH, encodeModelName(GRPC_SERVICE), '')).toEqual(serving)
})

test('has an index of its towers', async () => {
  const index = Buffer.from(await call('RepositoryIndex', new Uint8Array())).toString('latin1')
  // RepositoryIndexResponse { models { name, version, state } … }
  expect(index).toMatch(/^\n\x10\n\x04same\x12\x011\x1a\x05READY\n/)
  expect(index.match(/READY/g)).toHaveLength(towers.length)
})

/** `same` with one more field in its tensor or its outputs. */
const asking = (field: 'input' | 'output', parameter: string): Uint8Array => {
  const parameters = new ProtobufWriter().bytes(1, parameter).bytes(2, new ProtobufWriter().varint(2, 3))
  const head = new ProtobufWriter().bytes(1, 'x').bytes(2, 'FP32').packed(3, [1, 2])
  const tensor = field === 'input' ? head.bytes(4, parameters) : head
  const message = new ProtobufWriter().bytes(1, 'same').bytes(5, tensor)
  if (field === 'output') message.bytes(6, new ProtobufWriter().bytes(1, 'x').bytes(2, parameters))
  return message.bytes(7, new Uint8Array(8)).finish()
}

test('parameters that are hints are let be', async () => {
  for (const field of ['input', 'output'] as const) {
    const { outputs } = decodeGrpcResponse(await call('ModelInfer', asking(field, 'content_type')))
    expect(outputs['x']!.dims).toEqual([1, 2])
  }
})

const { status } = grpc
test.each([
  ['ModelReady', encodeModelName('nowhere'), status.NOT_FOUND, /no model "nowhere" here/],
  ['ModelReady', encodeModelName('same', '2'), status.NOT_FOUND, /no version "2"/],
  ['ModelInfer', request('nowhere'), status.NOT_FOUND, /no model/],
  ['ModelInfer', request('same', 3), status.INVALID_ARGUMENT, /is FP32 \[-1,2\].*not FP32 \[1,3\]/],
  ['ModelInfer', Uint8Array.of(1, 2, 3), status.INVALID_ARGUMENT, /cannot be read/],
  ['ModelInfer', asking('input', 'shared_memory_region'), status.INVALID_ARGUMENT, /asks for shared memory/],
  ['ModelInfer', asking('output', 'classification'), status.INVALID_ARGUMENT, /asks for classification/],
  [HEALTH, encodeModelName('elsewhere'), status.NOT_FOUND, /no service "elsewhere"/],
  ['ModelInfer', request('same', 3000), status.RESOURCE_EXHAUSTED, /larger than max/],
  ['ModelInfer', request('busy'), status.RESOURCE_EXHAUSTED, /Too much waits/],
  ['ModelInfer', request('closing'), status.UNAVAILABLE, /closes/],
  ['ModelInfer', request('nan'), status.INTERNAL, /It overflows/],
  ['ModelInfer', request('broken'), status.INTERNAL, /^The server failed\.$/],
  ['ModelTrain', request('same'), status.UNIMPLEMENTED, /./],
])('%s refuses with a status and a reason', async (method, message, code, details) => {
  await expect(call(method, message)).rejects.toMatchObject({
    code,
    details: expect.stringMatching(details) as string,
  })
})

test('a wrong token is refused', async () => {
  await expect(call('ModelInfer', request('same'), 'Bearer wrong')).rejects.toMatchObject({
    code: status.UNAUTHENTICATED,
  })
})

test('a client that goes away stops its run', async () => {
  const metadata = new grpc.Metadata()
  metadata.set('authorization', 'Bearer right')
  const ended = new Promise((resolve) => {
    const running = client.makeUnaryRequest(
      `/${GRPC_SERVICE}/ModelInfer`,
      (bytes: Uint8Array) => Buffer.from(bytes),
      (bytes: Buffer) => bytes,
      request('endless'),
      metadata,
      resolve,
    )
    void expect
      .poll(() => started)
      .toBeDefined()
      .then(() => running.cancel())
  })
  expect(await ended).toMatchObject({ code: status.CANCELLED })
  await expect.poll(() => started!.aborted).toBe(true)
})

test('mutants get a status each, and the server works on', async () => {
  const whole = request('same')
  const codes = new Set<number>()
  await Promise.all(
    Array.from({ length: 500 }, async (_, i) => {
      const mutant = whole.slice(0, i % 3 === 0 ? (i * 7) % whole.length : whole.length)
      if (mutant.length > 0) mutant[(i * 31) % mutant.length]! ^= 1 << (i % 8)
      await call('ModelInfer', mutant).catch(({ code }: { code: number }) => codes.add(code))
    }),
  )
  expect([...codes].sort()).toEqual([status.INVALID_ARGUMENT, status.NOT_FOUND])
  expect(decodeFlag(await call('ServerLive', new Uint8Array()))).toBe(true)
})

test('a port that is taken is an error that says so', async () => {
  await expect(serveGrpc(towers, { port: server.port })).rejects.toMatchObject({
    code: 'output_failed',
    message: expect.stringContaining('something else listens there') as unknown,
  })
})
