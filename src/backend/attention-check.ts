import type * as Ort from 'onnxruntime-common'
import { encodeModel } from '../onnx/onnx-model.ts'
import type { Tensors } from './backend.ts'
import { type OrtApi, runOrtSession } from './run-ort-session.ts'

/**
 * Small attentions of the towers' lengths and head sizes. The fused kernel of WebGPU is wrong on GPUs with subgroups of 4
 * or 8 lanes for 32 tokens and more, without a sign of it (onnxruntime 1.30), so each device is asked before it is
 * trusted.
 */
export const ATTENTION_CHECKS: readonly AttentionCheck[] = [
  { tokens: 257, heads: 2, head: 80, causal: false },
  { tokens: 77, heads: 2, head: 64, causal: true },
]

export interface AttentionCheck {
  readonly tokens: number
  readonly heads: number
  readonly head: number
  readonly causal: boolean
}

/** Far above rounding, far below what a wrong kernel gives. Values are within ±1. */
export const ATTENTION_TOLERANCE = 1e-3

export function attentionModel({ heads, head, causal }: AttentionCheck): Uint8Array {
  const width = heads * head
  const value = (name: string) => ({ name, dtype: 'float32', dims: ['batch', 'tokens', width] }) as const
  return encodeModel(
    {
      name: 'attention',
      inputs: [value('q'), value('k'), value('v')],
      outputs: [value('y')],
      nodes: [
        {
          name: 'attention',
          op: 'MultiHeadAttention',
          domain: 'com.microsoft',
          inputs: ['q', 'k', 'v', 'bias'],
          outputs: ['y'],
          attributes: { num_heads: heads, ...(causal ? { unidirectional: 1 } : {}) },
        },
      ],
      initializers: [
        {
          name: 'bias',
          dtype: 'float32',
          dims: [3 * width],
          data: new Uint8Array(wave(3 * width, 0.5).buffer),
        },
      ],
    },
    { name: 'icthp', version: '0' },
  )
}

export function attentionInput({ tokens, heads, head }: AttentionCheck): Tensors {
  const part = (frequency: number): Tensors[string] => {
    const dims = [1, tokens, heads * head]
    return { dtype: 'float32', dims, data: wave(tokens * heads * head, frequency) }
  }
  return { q: part(1.7), k: part(2.3), v: part(3.1) }
}

/** The answer, in double precision: 1 × tokens × width. */
export function attentionAnswer(check: AttentionCheck): Float64Array {
  const { tokens, heads, head, causal } = check
  const width = heads * head
  const { q, k, v } = attentionInput(check)
  const bias = wave(3 * width, 0.5)
  const at = (x: Tensors[string], part: number, token: number, column: number): number =>
    Number(x.data[token * width + column]) + bias[part * width + column]!
  const answer = new Float64Array(tokens * width)
  for (let h = 0; h < heads; h++) {
    for (let row = 0; row < tokens; row++) {
      const seen = causal ? row + 1 : tokens
      const weights = Float64Array.from({ length: seen }, (_, token) => {
        let score = 0
        for (let i = h * head; i < (h + 1) * head; i++) score += at(q!, 0, row, i) * at(k!, 1, token, i)
        return Math.exp(score / Math.sqrt(head))
      })
      const sum = weights.reduce((total, weight) => total + weight, 0)
      for (let i = h * head; i < (h + 1) * head; i++) {
        let mixed = 0
        for (let token = 0; token < seen; token++) mixed += weights[token]! * at(v!, 2, token, i)
        answer[row * width + i] = mixed / sum
      }
    }
  }
  return answer
}

/** Whether the fused attention of a device is right; `create` loads a graph on it. */
export async function attentionHolds(
  ort: OrtApi,
  create: (graph: Uint8Array) => Promise<Ort.InferenceSession>,
): Promise<boolean> {
  for (const check of ATTENTION_CHECKS) {
    const session = await create(attentionModel(check))
    try {
      const { y } = await runOrtSession(ort, session, attentionInput(check))
      const answer = attentionAnswer(check)
      if (!answer.every((value, i) => Math.abs(Number(y!.data[i]) - value) <= ATTENTION_TOLERANCE))
        return false
    } finally {
      await session.release()
    }
  }
  return true
}

/** Numbers within ±0.5 without a pattern that a kernel could get right by chance. */
const wave = (length: number, frequency: number): Float32Array =>
  Float32Array.from({ length }, (_, i) => 0.5 * Math.sin(frequency * i + 1e-4 * i * i))
