import { describe, expect, test } from 'vitest'
import type { Tensors } from '../../../src/backend/backend.ts'
import {
  decodeFlag,
  decodeGrpcRequest,
  decodeGrpcResponse,
  decodeModelMetadata,
  decodeModelName,
  encodeGrpcRequest,
  encodeGrpcResponse,
  encodeModelMetadata,
  encodeModelName,
} from '../../../src/backend/open-inference/grpc-messages.ts'
import { MessageError } from '../../../src/backend/open-inference/infer-message.ts'
import {
  decodeRestRequest,
  decodeRestResponse,
  encodeRestRequest,
  encodeRestResponse,
} from '../../../src/backend/open-inference/rest-messages.ts'
import { LENGTH_HEADER } from '../../../src/backend/open-inference/rest-tensors.ts'
import { mutate, type Random, random } from '../../fuzz/mutate.ts'

const tensors: Tensors = {
  pixel_values: {
    dtype: 'float32',
    dims: [2, 3],
    data: Float32Array.of(0.1, -1, 3.5, 1e-30, 2 ** -149, 65504),
  },
  input_ids: { dtype: 'int64', dims: [1, 4], data: BigInt64Array.of(49406n, 0n, -7n, 2n ** 40n) },
}
const request = { model: 'ict_text', version: '1', id: 'seven', inputs: tensors, outputs: ['text_embeds'] }
const response = { model: 'ict_text', version: '1', id: 'seven', outputs: tensors }

const rest = ({ body, headers }: ReturnType<typeof encodeRestRequest>): [Uint8Array, string | undefined] => [
  body,
  headers[LENGTH_HEADER],
]
const metadata = {
  name: 'ict_text',
  versions: ['1', '2'],
  platform: 'onnxruntime_onnx',
  inputs: [{ name: 'input_ids', datatype: 'INT64', shape: [-1, -1] }],
  outputs: [{ name: 'text_embeds', datatype: 'FP32', shape: [-1, 1024] }],
}

describe('what is written is read again', () => {
  test('gRPC', () => {
    expect(decodeGrpcRequest(encodeGrpcRequest(request))).toEqual(request)
    expect(decodeGrpcResponse(encodeGrpcResponse(response))).toEqual(response)
    expect(decodeModelMetadata(encodeModelMetadata(metadata))).toEqual(metadata)
    expect(decodeModelName(encodeModelName('a', '2'))).toEqual({ name: 'a', version: '2' })
  })

  test.each([true, false])('REST, binary: %s', (binary) => {
    const { isBinary, ...read } = decodeRestRequest('ict_text', ...rest(encodeRestRequest(request, binary)))
    expect(read).toEqual({ model: 'ict_text', id: 'seven', inputs: tensors, outputs: ['text_embeds'] })
    expect(isBinary('text_embeds')).toBe(binary)
    expect(decodeRestResponse(...rest(encodeRestResponse(response, () => binary)))).toEqual(response)
  })

  test('FP16 is read as float32, exactly', () => {
    const json = {
      outputs: [{ name: 'y', datatype: 'FP16', shape: [8], parameters: { binary_data_size: 16 } }],
    }
    const head = new TextEncoder().encode(JSON.stringify(json))
    const halves = Uint16Array.of(0x3c00, 0xc000, 0x7bff, 0x0001, 0x0400, 0x8000, 0x7c00, 0x3555)
    const body = Uint8Array.from([...head, ...new Uint8Array(halves.buffer)])
    const { outputs } = decodeRestResponse(body, String(head.length))
    expect([...outputs['y']!.data]).toEqual([1, -2, 65504, 2 ** -24, 2 ** -14, -0, Infinity, 0.333251953125])
  })

  test('names that objects have by nature are names like others', () => {
    const odd = JSON.parse('{"__proto__":1,"constructor":1}') as Record<string, unknown>
    for (const name of Object.keys(odd)) {
      const body = JSON.stringify({ inputs: [{ name, datatype: 'FP32', shape: [1], data: [1] }] })
      const { inputs } = decodeRestRequest('m', new TextEncoder().encode(body), undefined)
      expect(Object.keys(inputs)).toEqual([name])
    }
  })
})

const decoders: readonly (readonly [string, Uint8Array, (bytes: Uint8Array, next: Random) => unknown])[] = [
  ['gRPC requests', encodeGrpcRequest(request), decodeGrpcRequest],
  ['gRPC responses', encodeGrpcResponse(response), decodeGrpcResponse],
  ['gRPC metadata', encodeModelMetadata(metadata), decodeModelMetadata],
  ['gRPC names', encodeModelName('ict_text', '1'), decodeModelName],
  ['gRPC flags', encodeModelName('ict_text', '1'), decodeFlag],
  ...[true, false].flatMap((binary) => {
    const [asked, askedLength] = rest(encodeRestRequest(request, binary))
    const [told, toldLength] = rest(encodeRestResponse(response, () => binary))
    // Now and then the header lies, too.
    const length = (right: string | undefined, next: Random): string | undefined =>
      next(5) === 0 ? String(next(300)) : right
    return [
      [
        `REST requests, binary ${binary}`,
        asked,
        (bytes: Uint8Array, next: Random) => decodeRestRequest('m', bytes, length(askedLength, next)),
      ],
      [
        `REST responses, binary ${binary}`,
        told,
        (bytes: Uint8Array, next: Random) => decodeRestResponse(bytes, length(toldLength, next)),
      ],
    ] as const
  }),
]

describe('3,000 mutants each end in a value or in MessageError', () => {
  test.each(decoders)('%s', (_, whole, decode) => {
    let refused = 0
    for (let i = 0; i < 3000; i++) {
      const next = random(7, i)
      try {
        decode(mutate(whole, next), next)
      } catch (error) {
        if (!(error instanceof MessageError)) throw error
        refused++
      }
    }
    expect(refused).toBeGreaterThan(300)
  })
})
