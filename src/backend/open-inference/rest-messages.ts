import { isObject, type JsonObject } from '../../base/json-object.ts'
import { type InferRequest, type InferResponse, MessageError } from './infer-message.ts'
import { checkParameters } from './known-parameters.ts'
import {
  readTensors,
  type RestBody,
  restBody,
  splitBody,
  splitLongBody,
  tensorEntry,
  textOf,
} from './rest-tensors.ts'

/** `POST /v2/models/M/infer`, its tensors as numbers or, with the binary extension, as bytes after the JSON. */
export function encodeRestRequest({ id, inputs, outputs }: InferRequest, binary: boolean): RestBody {
  const entries = Object.entries(inputs).map(([name, tensor]) => tensorEntry(name, tensor, binary))
  const parameters = binary ? { parameters: { binary_data: true } } : {}
  const json = {
    ...(id === undefined ? {} : { id }),
    ...(binary ? { parameters: { binary_data_output: true } } : {}),
    inputs: entries.map(({ entry }) => entry),
    ...(outputs ? { outputs: outputs.map((name) => ({ name, ...parameters })) } : {}),
  }
  return restBody(
    json,
    entries.map(({ bytes }) => bytes),
  )
}

/** A request, and which outputs are to be bytes. */
export interface RestRequest extends InferRequest {
  readonly isBinary: (output: string) => boolean
}

/** `length`: the header `Inference-Header-Content-Length`, where there is one. Throws `MessageError`. */
export function decodeRestRequest(
  model: string,
  body: Uint8Array,
  length: string | null | undefined,
): RestRequest {
  return requestOf(model, splitBody(body, length))
}

/** As {@link decodeRestRequest}, and others have their `turn` where its JSON is long. */
export async function decodeLongRestRequest(
  model: string,
  body: Uint8Array,
  length: string | null | undefined,
  turn: () => Promise<void>,
): Promise<RestRequest> {
  return requestOf(model, await splitLongBody(body, length, turn))
}

function requestOf(
  model: string,
  { json, rest }: { readonly json: JsonObject; readonly rest: Uint8Array },
): RestRequest {
  const asked = readAsked(json['outputs'])
  const all = isObject(json['parameters']) && json['parameters']['binary_data_output'] === true
  return {
    model,
    id: textOf(json['id']),
    inputs: readTensors(json['inputs'], 'inputs', rest),
    ...(asked ? { outputs: [...asked.keys()] } : {}),
    isBinary: (output) => asked?.get(output) ?? all,
  }
}

/** By name, whether bytes are wanted, where that is said. */
function readAsked(outputs: unknown): ReadonlyMap<string, boolean | undefined> | undefined {
  // null: as Python's clients write what is not given.
  if (outputs === undefined || outputs === null) return undefined
  if (!Array.isArray(outputs)) throw new MessageError('outputs is not a list')
  return new Map(
    (outputs as unknown[]).map((output) => {
      const { name, parameters } = isObject(output) ? output : ({} as JsonObject)
      if (typeof name !== 'string') throw new MessageError('one of the outputs has no name')
      const { binary_data: binary, ...others } = isObject(parameters) ? parameters : ({} as JsonObject)
      checkParameters(name, Object.keys(others))
      return [name, typeof binary === 'boolean' ? binary : undefined]
    }),
  )
}

export function encodeRestResponse(
  { model, version, id, outputs }: InferResponse,
  isBinary: (output: string) => boolean,
): RestBody {
  const entries = Object.entries(outputs).map(([name, tensor]) => tensorEntry(name, tensor, isBinary(name)))
  const json = {
    model_name: model,
    ...(version === undefined ? {} : { model_version: version }),
    ...(id === undefined ? {} : { id }),
    outputs: entries.map(({ entry }) => entry),
  }
  return restBody(
    json,
    entries.map(({ bytes }) => bytes),
  )
}

/** Throws `MessageError`. */
export function decodeRestResponse(body: Uint8Array, length: string | null | undefined): InferResponse {
  const { json, rest } = splitBody(body, length)
  return {
    model: textOf(json['model_name']) ?? '',
    version: textOf(json['model_version']),
    id: textOf(json['id']),
    outputs: readTensors(json['outputs'], 'outputs', rest),
  }
}
