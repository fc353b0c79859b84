import type { OnnxAttribute, OnnxDtype, OnnxInitializer, OnnxNode, OnnxValue } from '../../onnx/onnx-model.ts'

/** A graph whose weights are still promises: which logical weight goes where, and how it is stored. */
export interface TowerGraph {
  readonly name: string
  readonly inputs: readonly OnnxValue[]
  readonly outputs: readonly OnnxValue[]
  readonly nodes: readonly OnnxNode[]
  /** Small tensors that are part of the graph itself. */
  readonly constants: readonly OnnxInitializer[]
  readonly weights: readonly StoredWeight[]
}

/** One logical weight (`key`, see tower-weights.ts) and the tensors that stand for it in this graph. */
export interface StoredWeight {
  readonly key: string
  readonly tensors: readonly {
    readonly name: string
    readonly dtype: OnnxDtype
    readonly dims: readonly number[]
  }[]
  /** Whether each value is stored by itself, so that the weight can be encoded in parts. */
  readonly byValue?: boolean
  /** The bytes of each of `tensors`, from the weight's float32 values. */
  encode(values: Float32Array): readonly Uint8Array[]
}

export type FloatDtype = 'float32' | 'float16'

/** Collects nodes and weights. Every method that emits a node returns the name of its first output. */
export class GraphBuilder {
  readonly nodes: OnnxNode[] = []
  readonly constants: OnnxInitializer[] = []
  readonly weights: StoredWeight[] = []
  #scope = ''

  /** `float`: the type that activations and plain weights have. `adjust`: done to every weight before it is stored. */
  constructor(
    readonly float: FloatDtype,
    private readonly adjust?: (key: string, values: Float32Array) => Float32Array,
  ) {}

  /** Names of nodes emitted from now on start with `scope`. */
  scope(scope: string): void {
    this.#scope = scope
  }

  op(
    op: string,
    inputs: readonly string[],
    attributes: Record<string, OnnxAttribute> = {},
    label: string = op,
  ): string {
    return this.ops(op, inputs, 1, attributes, '', label)[0]!
  }

  /** A com.microsoft operator. */
  contrib(
    op: string,
    inputs: readonly string[],
    attributes: Record<string, OnnxAttribute> = {},
    label: string = op,
  ): string {
    return this.ops(op, inputs, 1, attributes, 'com.microsoft', label)[0]!
  }

  /** With `outputs` outputs; an index in `unused` is left empty. */
  ops(
    op: string,
    inputs: readonly string[],
    outputs: number,
    attributes: Record<string, OnnxAttribute> = {},
    domain = '',
    label: string = op,
    unused: readonly number[] = [],
  ): string[] {
    const name = this.#unique(`${this.#scope}/${label}`)
    const names = Array.from({ length: outputs }, (_, i) => (unused.includes(i) ? '' : `${name}:${i}`))
    this.nodes.push({ name, op, domain, inputs, outputs: names, attributes })
    return names
  }

  /** Gives the graph's output its public name. */
  output(name: string, value: string): void {
    this.nodes.push({
      name: `output/${name}`,
      op: 'Identity',
      domain: '',
      inputs: [value],
      outputs: [name],
      attributes: {},
    })
  }

  int64(values: readonly number[], dims: readonly number[] = [values.length]): string {
    return this.#constant(
      `int64[${dims}]{${values.length > 8 ? `0..${values.length - 1}` : values}}`,
      'int64',
      dims,
      new Uint8Array(BigInt64Array.from(values.map(BigInt)).buffer),
    )
  }

  /** A float scalar of the graph's type. */
  scalar(value: number): string {
    const single = Float32Array.of(value)
    return this.#constant(
      `${this.float}{${value}}`,
      this.float,
      [],
      this.float === 'float32' ? new Uint8Array(single.buffer) : floatBytes(single, 'float16'),
    )
  }

  uint8(value: number): string {
    return this.#constant(`uint8{${value}}`, 'uint8', [], Uint8Array.of(value))
  }

  /** What `make` gives, made once for a `name`: for what several readers share. */
  once<T>(name: string, make: () => T): T {
    if (!this.#shared.has(name)) this.#shared.set(name, make())
    return this.#shared.get(name) as T
  }

  /** A weight stored as it is, in the graph's type or in `dtype`. */
  weight(key: string, dims: readonly number[], dtype: FloatDtype = this.float): string {
    this.store({
      key,
      tensors: [{ name: key, dtype, dims }],
      byValue: !this.adjust,
      encode: (values) => [floatBytes(values, dtype)],
    })
    return key
  }

  /** A weight stored in a way of its own. */
  store(weight: StoredWeight): void {
    const { adjust } = this
    this.weights.push(
      adjust ? { ...weight, encode: (values) => weight.encode(adjust(weight.key, values)) } : weight,
    )
  }

  finish(name: string, inputs: readonly OnnxValue[], outputs: readonly OnnxValue[]): TowerGraph {
    return { name, inputs, outputs, nodes: this.nodes, constants: this.constants, weights: this.weights }
  }

  #constant(name: string, dtype: OnnxDtype, dims: readonly number[], data: Uint8Array): string {
    if (!this.constants.some((constant) => constant.name === name))
      this.constants.push({ name, dtype, dims, data })
    return name
  }

  #shared = new Map<string, unknown>()
  #used = new Set<string>()
  #unique(name: string): string {
    let candidate = name
    for (let i = 2; this.#used.has(candidate); i++) candidate = `${name}_${i}`
    this.#used.add(candidate)
    return candidate
  }
}

/** float32 values as little-endian float32 or float16 bytes (rounded to nearest even, finite values kept finite). */
export function floatBytes(values: Float32Array, dtype: FloatDtype): Uint8Array {
  if (dtype === 'float32') return new Uint8Array(values.buffer, values.byteOffset, values.byteLength)
  return new Uint8Array(toFloat16(values).buffer)
}

/** Bits of IEEE half floats, rounded to nearest even; what would overflow becomes the largest finite half. */
export function toFloat16(values: Float32Array): Uint16Array {
  const bits = new Uint32Array(values.buffer, values.byteOffset, values.length)
  const out = new Uint16Array(values.length)
  for (let i = 0; i < out.length; i++) {
    const x = bits[i]!
    const sign = (x >>> 16) & 0x8000
    const magnitude = x & 0x7fffffff
    if (magnitude >= 0x38800000) {
      // Normal halves: add half a unit in the last place less one, plus the bit that makes ties go to even.
      const rounded = (magnitude - 0x38000000 + 0xfff + ((magnitude >>> 13) & 1)) >>> 13
      const largest = magnitude > 0x7f800000 ? 0x7e00 : 0x7bff
      out[i] = sign | (rounded < 0x7bff ? rounded : largest)
    } else if (magnitude > 0x33000000) {
      // Subnormal halves: shift the mantissa with its hidden bit into place, rounding the same way.
      const shift = 126 - (magnitude >>> 23)
      const mantissa = (magnitude & 0x7fffff) | 0x800000
      const half = mantissa >>> shift
      const rest = mantissa & ((1 << shift) - 1)
      const middle = 1 << (shift - 1)
      out[i] = sign | (half + (rest > middle || (rest === middle && half & 1) ? 1 : 0))
    } else out[i] = sign
  }
  return out
}
