import type { ClipTowerConfig } from '../config/clip-config.ts'
import type { GraphBuilder } from './graph-builder.ts'
import type { Precision } from './precision.ts'

/** No value of GELU (-0.16997…) or quick GELU (-0.16367…) is lower. */
const GELU_MINIMUM = -0.17

/** What a stack of layers reads, and which of its tokens is followed to the end. */
export interface EncoderOptions {
  /** The stack's input, N × tokens × width. */
  readonly hidden: string
  readonly causal: boolean
  /** Picks the token that is pooled: N × tokens × width → N × 1 × width. */
  readonly pool: (x: string) => string
  /** The layer to begin with, whose input `hidden` is; default 0. */
  readonly first?: number
  /** Added to the pooled token's attention scores, N × 1 × 1 × tokens: keeps it from looking past itself. */
  readonly mask?: string
}

/**
 * CLIP's pre-norm transformer in onnxruntime's fused operators. In the last layer only the pooled token is followed:
 * nothing reads the others, so its queries, out-projection and MLP run on one token an item. Returns that token after the
 * final norm, N × 1 × width.
 */
export function encoder(
  b: GraphBuilder,
  precision: Precision,
  config: ClipTowerConfig,
  options: EncoderOptions,
): string {
  const { hiddenSize: width, layers } = config
  let residual = options.hidden
  const first = options.first ?? 0
  let normed = ''
  for (let i = first; i < layers; i++) {
    const key = `layers.${i}`
    const last = i === layers - 1
    b.scope(key)
    if (i === first)
      normed = b.op('LayerNormalization', [residual, ...norm(b, `${key}.ln1`, width)], {
        epsilon: { float: config.layerNormEps },
      })
    const attended = last
      ? pooledAttention(b, precision, config, key, normed, options)
      : attention(b, precision, config, key, normed, options.causal)
    if (last) residual = options.pool(residual)
    const projected = precision.matmul(b, attended, `${key}.out.weight`, width, width)
    ;[normed, residual] = addAndNorm(b, config, projected, residual, `${key}.out.bias`, `${key}.ln2`)
    const moved = mlp(b, precision, config, key, normed).moved
    ;[normed, residual] = addAndNorm(
      b,
      config,
      moved,
      residual,
      `${key}.fc2.bias`,
      last ? 'final' : `layers.${i + 1}.ln1`,
    )
  }
  return normed
}

/** What the matrices of a layer read, and what the layer gives: for measuring a quantisation. */
export interface LayerTaps {
  /** Input of qkv, of out, of fc1 and of fc2. */
  readonly ln1: string
  readonly attended: string
  readonly ln2: string
  readonly active: string
  readonly output: string
}

/** One layer of the stack by itself, every token followed, with its insides in reach: N × tokens × width both ways. */
export function encoderLayer(
  b: GraphBuilder,
  precision: Precision,
  config: ClipTowerConfig,
  key: string,
  hidden: string,
  causal: boolean,
): LayerTaps {
  const { hiddenSize: width } = config
  b.scope(key)
  const ln1 = b.op('LayerNormalization', [hidden, ...norm(b, `${key}.ln1`, width)], {
    epsilon: { float: config.layerNormEps },
  })
  const attended = attention(b, precision, config, key, ln1, causal)
  const projected = precision.matmul(b, attended, `${key}.out.weight`, width, width)
  const [ln2, residual] = addAndNorm(b, config, projected, hidden, `${key}.out.bias`, `${key}.ln2`)
  const { active, moved } = mlp(b, precision, config, key, ln2)
  const output = b.op('Add', [b.op('Add', [moved, b.weight(`${key}.fc2.bias`, [width])]), residual])
  return { ln1, attended, ln2, active, output }
}

function attention(
  b: GraphBuilder,
  precision: Precision,
  { hiddenSize: width, heads }: ClipTowerConfig,
  key: string,
  x: string,
  causal: boolean,
): string {
  const qkv = precision.matmul(b, x, `${key}.qkv.weight`, width, 3 * width)
  const parts = b.ops('Split', [qkv, b.int64([width, width, width])], 3, { axis: -1 })
  return b.contrib('MultiHeadAttention', [...parts, b.weight(`${key}.qkv.bias`, [3 * width])], {
    num_heads: heads,
    ...(causal ? { unidirectional: 1 } : {}),
  })
}

/**
 * Attention of the pooled token alone, decomposed, since one query a head is too little work for a fused kernel.
 * The key's bias adds the same to every score and so leaves the softmax as it is; the value's bias comes through it
 * unchanged, since the weights add up to 1.
 */
function pooledAttention(
  b: GraphBuilder,
  precision: Precision,
  { hiddenSize: width, heads }: ClipTowerConfig,
  key: string,
  x: string,
  { pool, mask }: EncoderOptions,
): string {
  const head = width / heads
  const kv = precision.matmul(b, x, `${key}.kv.weight`, width, 2 * width)
  const [k, v] = b.ops('Split', [kv, b.int64([width, width])], 2, { axis: -1 })
  const q = b.op('Add', [
    precision.matmul(b, pool(x), `${key}.q.weight`, width, width),
    b.weight(`${key}.q.bias`, [width]),
  ])
  const scaled = b.op('Mul', [q, b.scalar(head ** -0.5)])
  const byHead = (value: string, perm: readonly number[]): string =>
    b.op('Transpose', [b.op('Reshape', [value, b.int64([0, -1, heads, head])])], { perm })
  let scores = b.op('MatMul', [byHead(scaled, [0, 2, 1, 3]), byHead(k!, [0, 2, 3, 1])], {}, 'scores')
  if (mask) scores = b.op('Add', [scores, mask])
  const mixed = b.op('MatMul', [b.op('Softmax', [scores], { axis: -1 }), byHead(v!, [0, 2, 1, 3])], {}, 'mix')
  return b.op('Add', [b.op('Reshape', [mixed, b.int64([0, 1, width])]), b.weight(`${key}.v.bias`, [width])])
}

function mlp(
  b: GraphBuilder,
  precision: Precision,
  { hiddenSize: width, intermediateSize, hiddenAct }: ClipTowerConfig,
  key: string,
  x: string,
): { active: string; moved: string } {
  const wide = precision.matmul(b, x, `${key}.fc1.weight`, width, intermediateSize)
  const bias = b.weight(`${key}.fc1.bias`, [intermediateSize])
  const active =
    hiddenAct === 'gelu'
      ? b.contrib('BiasGelu', [wide, bias])
      : b.contrib('QuickGelu', [b.op('Add', [wide, bias])], { alpha: { float: 1.702 } })
  return {
    active,
    moved: precision.matmul(b, active, `${key}.fc2.weight`, intermediateSize, width, GELU_MINIMUM),
  }
}

/**
 * residual += x + bias; returns [its LayerNorm, the new residual]. In float16, for GPUs, that is one fused operator. On
 * CPUs its kernel takes eight times as long as LayerNormalization and more than that and two additions together
 * (onnxruntime 1.30, 8 % of an int8 tower).
 */
function addAndNorm(
  b: GraphBuilder,
  { hiddenSize: width, layerNormEps }: ClipTowerConfig,
  x: string,
  residual: string,
  bias: string,
  normKey: string,
): [string, string] {
  if (b.float === 'float32') {
    const sum = b.op('Add', [b.op('Add', [x, b.weight(bias, [width])]), residual])
    return [
      b.op('LayerNormalization', [sum, ...norm(b, normKey, width)], { epsilon: { float: layerNormEps } }),
      sum,
    ]
  }
  const outputs = b.ops(
    'SkipLayerNormalization',
    [x, residual, ...norm(b, normKey, width), b.weight(bias, [width])],
    4,
    { epsilon: { float: layerNormEps } },
    'com.microsoft',
    'SkipLayerNormalization',
    [1, 2],
  )
  return [outputs[0]!, outputs[3]!]
}

export const norm = (b: GraphBuilder, key: string, width: number): string[] => [
  b.weight(`${key}.weight`, [width]),
  b.weight(`${key}.bias`, [width]),
]
