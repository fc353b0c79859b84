/**
 * The few rules of the protobuf wire format that writing and changing an ONNX file takes
 * (https://protobuf.dev/programming-guides/encoding/).
 */
export class ProtobufWriter {
  #chunks: Uint8Array[] = []
  #size = 0

  /** An int64, int32, bool or enum field. Negative numbers take ten bytes, as the format wants. */
  varint(field: number, value: number | bigint): this {
    this.#push(encodeVarint(field << 3))
    return this.#push(encodeVarint(value))
  }

  float(field: number, value: number): this {
    this.#push(encodeVarint((field << 3) | 5))
    const bytes = new Uint8Array(4)
    new DataView(bytes.buffer).setFloat32(0, value, true)
    return this.#push(bytes)
  }

  /** A string, bytes or nested message field. */
  bytes(field: number, value: string | Uint8Array | ProtobufWriter): this {
    const data = encoded(value)
    this.#push(encodeVarint((field << 3) | 2))
    this.#push(encodeVarint(data.length))
    return this.#push(data)
  }

  /** A repeated int64 field, packed. */
  packed(field: number, values: readonly (number | bigint)[]): this {
    const inner = new ProtobufWriter()
    for (const value of values) inner.#push(encodeVarint(value))
    return this.bytes(field, inner)
  }

  /** A field as it was read. */
  copy(field: ProtobufField): this {
    return this.#push(field.raw)
  }

  finish(): Uint8Array {
    const out = new Uint8Array(this.#size)
    let offset = 0
    for (const chunk of this.#chunks) {
      out.set(chunk, offset)
      offset += chunk.length
    }
    return out
  }

  #push(chunk: Uint8Array): this {
    this.#chunks.push(chunk)
    this.#size += chunk.length
    return this
  }
}

function encodeVarint(value: number | bigint): Uint8Array {
  let rest = BigInt.asUintN(64, BigInt(value))
  const bytes: number[] = []
  while (rest > 127n) {
    bytes.push(Number(rest & 127n) | 128)
    rest >>= 7n
  }
  bytes.push(Number(rest))
  return Uint8Array.from(bytes)
}

export interface ProtobufField {
  readonly number: number
  /** Of a varint field. */
  readonly value: bigint
  /** Content of a string, bytes or nested message field. */
  readonly bytes: Uint8Array
  /** The whole field, tag and all. */
  readonly raw: Uint8Array
}

const EMPTY = new Uint8Array(0)

/** The fields of a message, in order. Throws where it is cut short or is none. */
export function* readFields(message: Uint8Array): Generator<ProtobufField> {
  let at = 0
  const varint = (): bigint => {
    let value = 0n
    for (let shift = 0n; ; shift += 7n) {
      const byte = message[at++]
      if (byte === undefined || shift > 63n) throw new Error('it is not a protobuf message')
      value |= BigInt(byte & 127) << shift
      if (byte < 128) return value
    }
  }
  while (at < message.length) {
    const start = at
    const tag = Number(varint())
    let value = 0n
    let bytes: Uint8Array = EMPTY
    const wire = tag & 7
    if (wire === 0) value = varint()
    else {
      const length = wire === 2 ? Number(varint()) : (FIXED[wire] ?? NaN)
      if (!(at + length <= message.length)) throw new Error('it is not a protobuf message')
      bytes = message.subarray(at, at + length)
      at += length
    }
    yield { number: tag >>> 3, value, bytes, raw: message.subarray(start, at) }
  }
}

function encoded(value: string | Uint8Array | ProtobufWriter): Uint8Array {
  if (typeof value === 'string') return new TextEncoder().encode(value)
  return value instanceof ProtobufWriter ? value.finish() : value
}

/** Bytes of a field, by its wire type. */
const FIXED: Readonly<Record<number, number>> = { 1: 8, 5: 4 }
