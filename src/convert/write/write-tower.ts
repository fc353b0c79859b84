import { createHash } from 'node:crypto'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { CheckpointError } from '../../base/errors.ts'
import type { FileDigest } from '../../hub/hub.ts'
import type { TowerName } from '../../models/kinds.ts'
import { type Dtype, DTYPE_SUFFIX, type TowerFiles } from '../../models/manifest.ts'
import { encodeModel, type OnnxInitializer } from '../../onnx/onnx-model.ts'
import type { TowerGraph } from '../graph/graph-builder.ts'
import type { LogicalWeight } from '../graph/tower-weights.ts'
import type { WeightPool } from '../graph/weight-pool.ts'
import type { Digester } from './digester.ts'
import { ExternalDataWriter } from './external-data.ts'

export interface WrittenTower {
  readonly towers: Partial<Record<Dtype, TowerFiles>>
  /** Resolves when all bytes are on the disk, to the digests of all files by their path. */
  settled(): Promise<Readonly<Record<string, FileDigest>>>
}

export interface WriteTowerOptions {
  /** The model's folder; graphs go to `onnx/` in it. */
  readonly folder: string
  readonly tower: TowerName
  readonly graphs: ReadonlyMap<Dtype, TowerGraph>
  /** In the order in which they lie in the files. */
  readonly weights: readonly LogicalWeight[]
  /** Has room for the weights. */
  readonly pool: WeightPool
  readonly version: string
  readonly signal?: AbortSignal | undefined
  /** Bytes of a data file; default just under 2 GB. */
  readonly partLimit?: number | undefined
  /** Hashes the data files. None for a tower that is gone before the disk has taken it in. */
  readonly digester?: Digester | undefined
  /** Called with tensors of a graph, and where they lie, once the system has their bytes. */
  readonly onStored?: ((dtype: Dtype, tensors: readonly OnnxInitializer[]) => void) | undefined
  /** Called with the number of float32 bytes dealt with. */
  readonly onWeight?: (bytes: number) => void
}

/** Writes one tower in several precisions in one pass over the checkpoint: each weight is read once, when its turn comes. */
export async function writeTower(options: WriteTowerOptions): Promise<WrittenTower> {
  const outputs = outputsOf(options)
  try {
    await writeWeights(options, outputs)
    return await writeGraphs(options, outputs)
  } catch (error) {
    await Promise.all(outputs.map(({ data }) => data.abandon()))
    throw error
  }
}

/** A graph that is written, and its external data. */
interface Output {
  readonly dtype: Dtype
  readonly graph: TowerGraph
  /** The graph's file name. */
  readonly model: string
  readonly data: ExternalDataWriter
  readonly initializers: OnnxInitializer[]
  /** Tensors of the weight at hand. */
  readonly fresh: OnnxInitializer[]
}

const outputsOf = ({ folder, tower, graphs, partLimit, digester }: WriteTowerOptions): Output[] =>
  [...graphs].map(([dtype, graph]) => {
    const model = `${tower}_model${DTYPE_SUFFIX[dtype]}.onnx`
    return {
      dtype,
      graph,
      model,
      data: new ExternalDataWriter(join(folder, 'onnx'), model, { limit: partLimit, digester }),
      initializers: [...graph.constants],
      fresh: [],
    }
  })

async function writeWeights(options: WriteTowerOptions, outputs: readonly Output[]): Promise<void> {
  const { weights, graphs, pool, signal, onWeight } = options
  const pieces = piecesOf(weights, graphs)
  const check = weightCheck(pool)
  let next = load(pieces[0], pool)
  for (const [i, piece] of pieces.entries()) {
    signal?.throwIfAborted()
    const values = await next
    // The next weight is read while this one is encoded and written.
    next = load(pieces[i + 1], pool)
    next.catch(() => {})
    check(piece, values)
    for (const output of outputs) await appendPiece(output, piece, values)
    letGo(options, outputs, piece, values)
    onWeight?.(values.byteLength)
  }
}

/** Encodes a piece for each of its uses in a graph. */
async function appendPiece(
  { graph, data, fresh }: Output,
  { weight, start, size }: Piece,
  values: Float32Array,
): Promise<void> {
  for (const use of graph.weights) {
    if (use.key !== weight.key) continue
    const encoded = use.encode(values)
    for (const [t, tensor] of use.tensors.entries()) {
      const bytes = encoded[t]!
      const following = bytes.length * ((size - start) / values.length - 1)
      const place = await data.append(bytes, following)
      if (start === 0) fresh.push({ ...tensor, data: { ...place, length: bytes.length + following } })
    }
  }
}

/** Once the system has a piece's bytes, its memory is free again; with the last piece of a weight, its tensors are there. */
function letGo(
  { pool, onStored }: WriteTowerOptions,
  outputs: readonly Output[],
  piece: Piece,
  values: Float32Array,
): void {
  const stored = outputs.map(({ dtype, initializers, fresh }) => {
    const tensors = isLast(piece, values) ? fresh.splice(0) : []
    initializers.push(...tensors)
    return { dtype, tensors }
  })
  // What fails here is heard of by the next `append`, or `finish`.
  void Promise.all(outputs.map(({ data }) => data.written())).then(
    () => {
      pool.give(values)
      for (const { dtype, tensors } of stored) onStored?.(dtype, tensors)
    },
    () => {},
  )
}

async function writeGraphs(
  { folder, version }: WriteTowerOptions,
  outputs: readonly Output[],
): Promise<WrittenTower> {
  const towers: Partial<Record<Dtype, TowerFiles>> = {}
  const files: Record<string, FileDigest> = {}
  for (const { dtype, graph, model, data, initializers } of outputs) {
    await data.finish()
    const bytes = encodeModel({ ...graph, initializers }, { name: 'icthp', version })
    await writeFile(join(folder, 'onnx', model), bytes)
    files[`onnx/${model}`] = digestOf(bytes)
    towers[dtype] = { model: `onnx/${model}`, externalData: data.names.map((name) => `onnx/${name}`) }
  }
  const settled = async (): Promise<Record<string, FileDigest>> => {
    for (const { data } of outputs)
      (await data.settled()).forEach((digest, i) => (files[`onnx/${data.names[i]}`] = digest))
    return files
  }
  return { towers, settled }
}

/** A weight, or a part of one: from its value `start` on, of `size`. */
interface Piece {
  readonly weight: LogicalWeight
  readonly start: number
  readonly size: number
  /** The weight, not its part. */
  readonly isMatrix: boolean
}

/** Weights come in parts where every graph can store them so: what is large then takes no more memory than the others. */
function piecesOf(weights: readonly LogicalWeight[], graphs: ReadonlyMap<Dtype, TowerGraph>): Piece[] {
  const uses = [...graphs.values()].flatMap((graph) => graph.weights)
  return weights.flatMap((weight) => {
    const divisible = uses.every(({ key, byValue }) => key !== weight.key || byValue)
    let start = 0
    return ((divisible && weight.parts) || [weight]).map((part): Piece => {
      const piece = { weight: part, start, size: sizeOf(weight), isMatrix: weight.dims.length > 1 }
      start += sizeOf(part)
      return piece
    })
  })
}

const sizeOf = ({ dims }: LogicalWeight): number => dims.reduce((a, b) => a * b, 1)

const load = (piece: Piece | undefined, pool: WeightPool): Promise<Float32Array> =>
  piece ? piece.weight.load(pool) : Promise.resolve(new Float32Array())

export function digestOf(bytes: Uint8Array | string): FileDigest {
  return { size: Buffer.byteLength(bytes), sha256: createHash('sha256').update(bytes).digest('hex') }
}

/** What there is to be wrong with a weight's values, piece by piece. Throws `CheckpointError` `checkpoint_nan`. */
function weightCheck(pool: WeightPool): (piece: Piece, values: Float32Array) => void {
  let zero = true
  return (piece, values) => {
    const { weight, start, isMatrix } = piece
    requireFinite(values, weight.key, start, pool)
    zero = isMatrix && (start === 0 || zero) && values.every((value) => value === 0)
    if (zero && isLast(piece, values)) throw allZero(weight.key)
  }
}

const isLast = ({ start, size }: Piece, values: Float32Array): boolean => start + values.length === size

/** No training leaves a matrix of zeros; what is called so was never filled. */
function allZero(key: string): CheckpointError {
  return new CheckpointError(
    'checkpoint_nan',
    `All values of ${key} in the checkpoint are 0: it was never filled, or is damaged. Fetch it again.`,
    { key },
  )
}

/** A weight that is not a number makes every score one. */
function requireFinite(values: Float32Array, key: string, start: number, pool: WeightPool): void {
  if (pool.finite(values)) return
  const found = values.findIndex((value) => !Number.isFinite(value))
  throw new CheckpointError(
    'checkpoint_nan',
    `The checkpoint holds ${values[found]} in ${key}: it is damaged, or training diverged. Fetch it again.`,
    { key, index: start + found },
  )
}
