import {
  DATA_TYPE,
  encodeNode,
  encodeTensor,
  type OnnxAttribute,
  type OnnxInitializer,
} from './onnx-model.ts'
import { type ProtobufField, ProtobufWriter, readFields } from './protobuf.ts'

/**
 * The same model with every fused MultiHeadAttention as icthp writes it (query, key, value, bias of all three; no masks)
 * written out in MatMul and Softmax, for devices whose fused kernel computes nonsense. Field numbers are those of
 * https://github.com/onnx/onnx/blob/main/onnx/onnx.proto.
 */
export function decomposeAttention(model: Uint8Array): Uint8Array {
  const out = new ProtobufWriter()
  for (const field of readFields(model)) {
    if (field.number === 7) out.bytes(7, decomposeGraph(field.bytes))
    else out.copy(field)
  }
  return out.finish()
}

function decomposeGraph(graph: Uint8Array): ProtobufWriter {
  const fields = [...readFields(graph)]
  const weights = new Map(
    fields.filter(({ number }) => number === 5).map((field) => readTensorHead(field.bytes)),
  )
  const out = new ProtobufWriter()
  const writer = new AttentionWriter(out)
  for (const field of fields) {
    const node = field.number === 1 ? readNode(field.bytes) : undefined
    if (node?.op === 'MultiHeadAttention') writer.attention(node, weights.get(node.inputs[3]!)!)
    else out.copy(field)
  }
  for (const tensor of writer.constants) out.bytes(5, encodeTensor(tensor))
  return out
}

interface Node {
  readonly op: string
  readonly name: string
  readonly inputs: readonly string[]
  readonly outputs: readonly string[]
  readonly attributes: ReadonlyMap<string, number>
}

interface TensorHead {
  readonly length: number
  readonly half: boolean
}

/** Writes nodes where the fused one was, in order. */
class AttentionWriter {
  readonly constants: OnnxInitializer[] = []
  readonly #out: ProtobufWriter
  #scope = ''
  #count = 0
  #mask = ''

  constructor(out: ProtobufWriter) {
    this.#out = out
  }

  attention({ name, inputs, outputs, attributes }: Node, { length, half }: TensorHead): void {
    this.#scope = `${name || outputs[0]}/decomposed`
    const [q, k, v, bias] = inputs as [string, string, string, string]
    const width = length / 3
    const heads = attributes.get('num_heads')!
    const head = width / heads
    const biases = ['q', 'k', 'v'].map((part) => `${this.#scope}/${part}_bias`)
    this.#node('Split', [bias, this.#int64([width, width, width])], { axis: 0 }, biases)
    const byHead = (x: string, part: number, perm: readonly number[], scale?: string): string => {
      const biased = this.#node('Add', [x, biases[part]!])
      const scaled = scale === undefined ? biased : this.#node('Mul', [biased, scale])
      return this.#node('Transpose', [this.#node('Reshape', [scaled, this.#int64([0, 0, heads, head])])], {
        perm,
      })
    }
    let scores = this.#node('MatMul', [
      byHead(q, 0, [0, 2, 1, 3], this.#float(head ** -0.5, half)),
      byHead(k, 1, [0, 2, 3, 1]),
    ])
    if (attributes.get('unidirectional') === 1)
      scores = this.#node('Add', [scores, this.#causalMask(q, half)])
    const mixed = this.#node('MatMul', [
      this.#node('Softmax', [scores], { axis: -1 }),
      byHead(v, 2, [0, 2, 1, 3]),
    ])
    this.#node(
      'Reshape',
      [this.#node('Transpose', [mixed], { perm: [0, 2, 1, 3] }), this.#int64([0, 0, width])],
      {},
      outputs,
    )
  }

  /** tokens × tokens: 0 for what a token may see, far below any score for what comes after it. One for the whole graph. */
  #causalMask(x: string, half: boolean): string {
    if (this.#mask) return this.#mask
    const tokens = this.#node('Squeeze', [this.#node('Shape', [x], { start: 1, end: 2 })])
    const places = this.#node('Range', [this.#int64([0], []), tokens, this.#int64([1], [])])
    const after = this.#node('Greater', [places, this.#node('Unsqueeze', [places, this.#int64([1])])])
    const ones = this.#node('Cast', [after], { to: half ? DATA_TYPE.float16 : DATA_TYPE.float32 })
    return (this.#mask = this.#node('Mul', [ones, this.#float(half ? -6e4 : -1e9, half)]))
  }

  #node(
    op: string,
    inputs: readonly string[],
    attributes: Readonly<Record<string, OnnxAttribute>> = {},
    outputs = [this.#fresh()] as readonly string[],
  ): string {
    this.#out.bytes(
      1,
      encodeNode({
        name: `${this.#scope}/${op}_${this.#count++}`,
        op,
        domain: '',
        inputs,
        outputs,
        attributes,
      }),
    )
    return outputs[0]!
  }

  #int64(values: readonly number[], dims: readonly number[] = [values.length]): string {
    return this.#constant({
      dtype: 'int64',
      dims,
      data: new Uint8Array(BigInt64Array.from(values, BigInt).buffer),
    })
  }

  #float(value: number, half: boolean): string {
    const single = this.#constant({
      dtype: 'float32',
      dims: [],
      data: new Uint8Array(Float32Array.of(value).buffer),
    })
    return half ? this.#node('Cast', [single], { to: DATA_TYPE.float16 }) : single
  }

  #constant(tensor: Omit<OnnxInitializer, 'name'>): string {
    const name = this.#fresh()
    this.constants.push({ name, ...tensor })
    return name
  }

  #fresh(): string {
    return `${this.#scope}/${this.#count++}`
  }
}

const text = (bytes: Uint8Array): string => new TextDecoder().decode(bytes)

function readNode(node: Uint8Array): Node {
  const fields = [...readFields(node)]
  const all = (number: number): ProtobufField[] => fields.filter((field) => field.number === number)
  const attributes = all(5).map(({ bytes }): [string, number] => {
    const parts = new Map([...readFields(bytes)].map((part) => [part.number, part]))
    return [text(parts.get(1)!.bytes), Number(parts.get(3)?.value ?? 0n)]
  })
  return {
    op: text(all(4)[0]?.bytes ?? new Uint8Array(0)),
    name: text(all(3)[0]?.bytes ?? new Uint8Array(0)),
    inputs: all(1).map(({ bytes }) => text(bytes)),
    outputs: all(2).map(({ bytes }) => text(bytes)),
    attributes: new Map(attributes),
  }
}

/** A one-dimensional tensor's name, length and type. */
function readTensorHead(tensor: Uint8Array): [string, TensorHead] {
  let [name, length, half] = ['', 0, false]
  for (const { number, value, bytes } of readFields(tensor)) {
    if (number === 8) name = text(bytes)
    else if (number === 1) length = bytes.length === 0 ? Number(value) : firstVarint(bytes)
    else if (number === 2) half = Number(value) === DATA_TYPE.float16
  }
  return [name, { length, half }]
}

/** Of packed numbers. */
function firstVarint(bytes: Uint8Array): number {
  let value = 0
  for (let i = 0; i < bytes.length; i++) {
    value += (bytes[i]! & 127) * 2 ** (7 * i)
    if (bytes[i]! < 128) break
  }
  return value
}
