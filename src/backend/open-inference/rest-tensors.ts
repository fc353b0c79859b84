import { isObject, type JsonObject } from '../../base/json-object.ts'
import type { Tensor, Tensors } from '../backend.ts'
import { MessageError } from './infer-message.ts'
import { checkParameters } from './known-parameters.ts'
import { cutLongLists, markedList, readNumbers } from './long-lists.ts'
import { DATATYPES, tensorBytes, tensorOfBytes, tensorOfNumbers } from './tensor-bytes.ts'

/** A body of REST: JSON, and after it the tensors that are binary, in their order. */
export interface RestBody {
  readonly body: Uint8Array
  readonly headers: Readonly<Record<string, string>>
}

/** Says how long the JSON is where tensors come after it. */
export const LENGTH_HEADER = 'inference-header-content-length'

/** One entry of `inputs` or `outputs`, and its bytes where they go after the JSON. */
export function tensorEntry(
  name: string,
  tensor: Tensor,
  binary: boolean,
): { readonly entry: JsonObject; readonly bytes?: Uint8Array } {
  const { dtype, dims, data } = tensor
  const described = { name, shape: dims, datatype: DATATYPES[dtype] }
  if (!binary) return { entry: { ...described, data: Array.from<number | bigint, number>(data, Number) } }
  return {
    entry: { ...described, parameters: { binary_data_size: data.byteLength } },
    bytes: tensorBytes(tensor),
  }
}

export function restBody(json: JsonObject, binary: readonly (Uint8Array | undefined)[]): RestBody {
  const header = new TextEncoder().encode(JSON.stringify(json))
  const parts = binary.filter((bytes) => bytes !== undefined)
  if (parts.length === 0) return { body: header, headers: { 'content-type': 'application/json' } }
  const body = new Uint8Array(parts.reduce((sum, { length }) => sum + length, header.length))
  body.set(header)
  let at = header.length
  for (const part of parts) {
    body.set(part, at)
    at += part.length
  }
  return {
    body,
    headers: { 'content-type': 'application/octet-stream', [LENGTH_HEADER]: String(header.length) },
  }
}

/** Takes a body apart again; `length` is what the header says. Throws `MessageError`. */
export function splitBody(
  body: Uint8Array,
  length: string | null | undefined,
): { readonly json: JsonObject; readonly rest: Uint8Array } {
  const { head, rest } = splitBytes(body, length)
  return { json: parseObject(head), rest }
}

/**
 * As {@link splitBody}, for bodies of foreign length: long lists of numbers among `inputs` are read piece by piece, and others
 * have their `turn` in between.
 */
export async function splitLongBody(
  body: Uint8Array,
  length: string | null | undefined,
  turn: () => Promise<void>,
): Promise<{ readonly json: JsonObject; readonly rest: Uint8Array }> {
  const { head, rest } = splitBytes(body, length)
  const { rest: short, lists } = cutLongLists(head)
  const json = parseObject(short)
  const numbers: Float64Array[] = []
  for (const list of lists) numbers.push(await readNumbers(list, turn))
  if (numbers.length === 0 || !Array.isArray(json['inputs'])) return { json, rest }
  const inputs = (json['inputs'] as unknown[]).map((entry) => {
    const data = isObject(entry) ? markedList(entry['data'], numbers) : undefined
    return data ? { ...(entry as JsonObject), data } : entry
  })
  return { json: { ...json, inputs }, rest }
}

function splitBytes(
  body: Uint8Array,
  length: string | null | undefined,
): { readonly head: Uint8Array; readonly rest: Uint8Array } {
  const size = length === null || length === undefined ? body.length : Number(length)
  if (!Number.isSafeInteger(size) || size < 0 || size > body.length) {
    throw new MessageError(
      `the body has ${body.length} bytes, and its JSON cannot have ${String(length).slice(0, 20)}`,
    )
  }
  return { head: body.subarray(0, size), rest: body.subarray(size) }
}

function parseObject(bytes: Uint8Array): JsonObject {
  let json: unknown
  try {
    json = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes))
  } catch {
    throw new MessageError('the body is not JSON')
  }
  if (!isObject(json)) throw new MessageError('the body is not a JSON object')
  return json
}

/** Reads `inputs` or `outputs`. Throws `MessageError`. */
export function readTensors(list: unknown, what: string, rest: Uint8Array): Tensors {
  if (!Array.isArray(list)) throw new MessageError(`there is no list of ${what}`)
  const tensors: Record<string, Tensor> = {}
  let at = 0
  for (const entry of list as unknown[]) {
    const { name, datatype, shape, parameters, data } = isObject(entry) ? entry : {}
    if (typeof name !== 'string') throw new MessageError(`one of the ${what} has no name`)
    if (Object.hasOwn(tensors, name)) throw new MessageError(`tensor ${name} is there twice`)
    const { binary_data_size: size, ...others } = isObject(parameters) ? parameters : ({} as JsonObject)
    checkParameters(name, Object.keys(others))
    if (size === undefined || size === null)
      setOwn(tensors, name, tensorOfNumbers(name, datatype, shape, data))
    else {
      if (!Number.isSafeInteger(size) || (size as number) < 0 || at + (size as number) > rest.length)
        throw new MessageError(`the bytes of tensor ${name} are not all there`)
      const bytes = rest.subarray(at, (at += size as number))
      setOwn(tensors, name, tensorOfBytes(name, datatype, shape, bytes))
    }
  }
  if (at !== rest.length) throw new MessageError(`${rest.length - at} bytes are left over`)
  return tensors
}

/** Also where the name is `__proto__`. */
export function setOwn<T>(record: Record<string, T>, name: string, value: T): void {
  Object.defineProperty(record, name, { value, enumerable: true, configurable: true, writable: true })
}

export const textOf = (value: unknown): string | undefined => (typeof value === 'string' ? value : undefined)
