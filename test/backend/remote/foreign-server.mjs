/**
 * A process that serves towers as Triton, KServe, OpenVINO Model Server or MLServer would, where they differ. It shares no
 * code with icthp: the wire formats are read and written here once more, gRPC by protobufjs. Its argument is JSON:
 * `{ manner, models: { name: path of a graph }, … }`; it prints its ports as a line of JSON.
 */
import { createServer } from 'node:http'
import { fileURLToPath } from 'node:url'
import grpc from '@grpc/grpc-js'
import { loadSync } from '@grpc/proto-loader'
import ort from 'onnxruntime-node'

const { manner, models, ...changes } = JSON.parse(process.argv[2])

/** Where they differ; the sizes are small so that tests meet them. */
const MANNERS = {
  // What is too large has status 400, and so has what is not ready.
  triton: {
    binary: 'announced',
    column: true,
    restBytes: 4 << 20,
    grpcBytes: 2 ** 31 - 1,
    error: 'json',
    tooLarge: [400, 'the request exceeds the maximum allowed input size'],
    loading: [400, 'Model version not ready'],
  },
  // A runtime that hands on the id of its request fails where there is none.
  kserve: {
    binary: 'unannounced',
    column: false,
    restBytes: 2 ** 31,
    grpcBytes: 8 << 20,
    error: 'json',
    needsId: true,
    loading: [503, 'Model is not ready.'],
  },
  // Bytes come back only for outputs that are asked for one by one.
  ovms: {
    binary: 'each output',
    column: false,
    restBytes: 2 ** 30,
    grpcBytes: 2 ** 30,
    error: 'json',
    loading: [404, 'Model with requested version is not loaded yet'],
  },
  mlserver: { binary: 'none', column: false, restBytes: 2 ** 31, grpcBytes: 4 << 20, error: 'text' },
}
const {
  binary,
  column,
  restBytes,
  grpcBytes,
  error: errors,
  grpc: speaksGrpc = true,
  rest: speaksRest = true,
  // Refusals before the first answer: [status, body, headers].
  refuse = [],
  // Milliseconds a run takes longer.
  slow = 0,
  token,
  spoil = 1,
  needsId = false,
  tooLarge = [413, 'the body is larger than this server takes'],
  // Rows that a model takes in one request.
  maxRows = Infinity,
  // How often a model is asked for before it is ready, and what is said until then.
  loads = 0,
  loading,
  // Statuses that /v2/health/live has first, as of a gateway whose server is away.
  live = [],
} = { ...MANNERS[manner], ...changes }

const sessions = new Map()
for (const [name, path] of Object.entries(models)) {
  sessions.set(name, await ort.InferenceSession.create(path, { graphOptimizationLevel: 'all' }))
}
const seen = { rest: 0, binary: 0, grpc: 0, rows: [] }

const TYPES = { FP32: ['float32', Float32Array], INT64: ['int64', BigInt64Array] }

let asked = 0

async function run(name, inputs) {
  const [count] = inputs[0].shape
  if (count > maxRows) throw new Error(`inference request batch-size must be <= ${maxRows} for '${name}'`)
  const session = sessions.get(name)
  const feeds = Object.fromEntries(
    inputs.map(({ name: input, shape, datatype, values }) => {
      const [type, Array] = TYPES[datatype]
      return [input, new ort.Tensor(type, values instanceof Array ? values : Array.from(values), shape)]
    }),
  )
  seen.rows.push(inputs[0].shape[0])
  if (slow) await new Promise((resolve) => setTimeout(resolve, slow))
  const outputs = await session.run(feeds)
  return Object.entries(outputs).map(([output, { type, dims, data }]) => ({
    name: output,
    datatype: type === 'float32' ? 'FP32' : 'INT64',
    shape: column && dims.length === 1 ? [...dims, 1] : [...dims],
    values: spoil === 1 ? data : data.map((value) => value * spoil),
  }))
}

function bytesOf({ values }) {
  return Buffer.from(values.buffer, values.byteOffset, values.byteLength)
}

function valuesOf(datatype, bytes) {
  const [, Array] = TYPES[datatype]
  return new Array(Uint8Array.from(bytes).buffer)
}

// REST

const send = (response, status, json, headers = {}) => {
  const body = typeof json === 'string' ? json : JSON.stringify(json)
  response.writeHead(status, {
    'content-type': typeof json === 'string' ? 'text/plain' : 'application/json',
    ...headers,
  })
  response.end(body)
}
const failed = (response, status, message) =>
  send(response, status, errors === 'text' ? message : { error: message })

async function infer(request, response, name) {
  const chunks = []
  let size = 0
  for await (const chunk of request) {
    chunks.push(chunk)
    size += chunk.length
  }
  if (size > restBytes) return failed(response, ...tooLarge)
  const body = Buffer.concat(chunks)
  const refusal = refuse.shift()
  if (refusal) return send(response, ...refusal)
  const header = request.headers['inference-header-content-length']
  if (header !== undefined && binary === 'none')
    return failed(response, 400, 'Invalid JSON: unexpected bytes')
  if (header !== undefined) seen.binary++
  const json = JSON.parse(body.subarray(0, header === undefined ? body.length : Number(header)))
  if (needsId && json.id === undefined) return failed(response, 500, 'id: Input should be a valid string')
  let at = Number(header)
  const inputs = json.inputs.map(({ name: input, shape, datatype, data, parameters }) => {
    if (!parameters?.binary_data_size) {
      return {
        name: input,
        shape,
        datatype,
        values: TYPES[datatype][1].from(data, datatype === 'INT64' ? BigInt : Number),
      }
    }
    const bytes = body.subarray(at, (at += parameters.binary_data_size))
    return { name: input, shape, datatype, values: valuesOf(datatype, bytes) }
  })
  let outputs
  try {
    outputs = await run(name, inputs)
  } catch (error) {
    return failed(response, 400, `onnx runtime error: ${error.message}`)
  }
  const asBytes = binary !== 'none' && binary !== 'each output' && json.parameters?.binary_data_output
  const answer = {
    model_name: name,
    model_version: '1',
    outputs: outputs.map((output) => ({
      name: output.name,
      datatype: output.datatype,
      shape: output.shape,
      ...(asBytes
        ? { parameters: { binary_data_size: output.values.byteLength } }
        : { data: Array.from(output.values, Number) }),
    })),
  }
  if (!asBytes) return send(response, 200, answer)
  const head = Buffer.from(JSON.stringify(answer))
  response.writeHead(200, {
    'content-type': 'application/octet-stream',
    'inference-header-content-length': String(head.length),
  })
  response.end(Buffer.concat([head, ...outputs.map(bytesOf)]))
}

const rest = createServer((request, response) => {
  seen.rest++
  const [, model, ready, inferring] =
    /^\/v2\/models\/([^/]+)(?:\/(ready)|\/(infer))?$/.exec(request.url) ?? []
  if (request.url === '/seen') return send(response, 200, seen)
  if (request.url === '/v2/health/live') return send(response, live.shift() ?? 200, '')
  if (token && request.headers.authorization !== token) return failed(response, 401, 'who are you?')
  if (!model || !sessions.has(model))
    return failed(response, 404, `Request for unknown model: '${model}' is not found`)
  if (ready) return asked++ < loads ? failed(response, ...loading) : send(response, 200, '')
  if (inferring)
    return void infer(request, response, model).catch((error) => failed(response, 500, error.message))
  send(response, 200, { name: model })
})

// gRPC

const { inference } = grpc.loadPackageDefinition(
  loadSync(fileURLToPath(new URL('open-inference.proto', import.meta.url)), {
    longs: Number,
    keepCase: true,
  }),
)
const { status } = grpc
const known = (call, answer) => {
  seen.grpc++
  const name = call.request.name || call.request.model_name
  if (token && call.metadata.get('authorization')[0] !== token)
    return answer({ code: status.UNAUTHENTICATED, details: 'who are you?' })
  if (sessions.has(name)) return name
  answer({ code: status.NOT_FOUND, details: `Request for unknown model: '${name}' is not found` })
}
const service = {
  ServerLive: (_, answer) => answer(null, { live: true }),
  ServerReady: (_, answer) => answer(null, { ready: true }),
  ModelReady: (call, answer) => known(call, answer) && answer(null, { ready: true }),
  ModelInfer: async (call, answer) => {
    const name = known(call, answer)
    if (!name) return
    const refusal = refuse.shift()
    if (refusal) return answer({ code: refusal[0], details: refusal[1] })
    try {
      const { inputs, raw_input_contents: raw } = call.request
      const outputs = await run(
        name,
        inputs.map(({ name: input, shape, datatype }, i) => ({
          name: input,
          shape: shape.map(Number),
          datatype,
          values: valuesOf(datatype, raw[i]),
        })),
      )
      const heads = outputs.map(({ name: output, datatype, shape }) => ({ name: output, datatype, shape }))
      // MLServer answers with typed contents unless it is asked for raw ones.
      const contents = (output) =>
        output.datatype === 'FP32'
          ? { fp32_contents: Array.from(output.values) }
          : { int64_contents: Array.from(output.values, Number) }
      answer(
        null,
        manner === 'mlserver'
          ? {
              model_name: name,
              outputs: outputs.map((output, i) => ({ ...heads[i], contents: contents(output) })),
            }
          : { model_name: name, outputs: heads, raw_output_contents: outputs.map(bytesOf) },
      )
    } catch (error) {
      answer({ code: status.INVALID_ARGUMENT, details: `onnx runtime error: ${error.message}` })
    }
  },
}

const listen = (port) =>
  new Promise((resolve, reject) => rest.once('error', reject).listen(port, '127.0.0.1', resolve))
const bind = (server, port) =>
  new Promise((resolve, reject) =>
    server.bindAsync(`127.0.0.1:${port}`, grpc.ServerCredentials.createInsecure(), (error, at) =>
      error ? reject(error) : resolve(at),
    ),
  )

/** REST, and gRPC on the port after it, as Triton and KServe have them. */
async function start() {
  for (let tries = 0; ; tries++) {
    await listen(changes.port ?? 0)
    const { port } = rest.address()
    if (!speaksGrpc) return { port }
    const server = new grpc.Server({ 'grpc.max_receive_message_length': grpcBytes })
    server.addService(inference.GRPCInferenceService.service, service)
    try {
      const grpcPort = await bind(server, port + 1)
      if (!speaksRest) await new Promise((resolve) => rest.close(resolve))
      return { port, grpcPort }
    } catch (error) {
      if (tries > 20) throw error
      server.forceShutdown()
      await new Promise((resolve) => rest.close(resolve))
    }
  }
}
console.log(JSON.stringify(await start()))
