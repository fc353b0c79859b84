import type { FloatDtype, GraphBuilder } from './graph-builder.ts'

/** How a graph stores its matrices and multiplies by them. */
export interface Precision {
  /** Type of activations and of everything that is not a matrix. */
  readonly float: FloatDtype
  /** How token embeddings and the patch convolution are stored: `int8` with a scale a token or channel. Default: as `float`. */
  readonly embeddings?: 'int8'
  /**
   * Emits `x · W`, where W is the logical weight `key` of shape `inputs × outputs`; returns the product's name.
   * No value of x is below `floor`, where it is given.
   */
  matmul(
    builder: GraphBuilder,
    x: string,
    key: string,
    inputs: number,
    outputs: number,
    floor?: number,
  ): string
  /** What is done to a logical weight's values before they are stored; default nothing. */
  adjust?(key: string, values: Float32Array): Float32Array
}

/** What calibration found out; see quantise/calibrate.ts. */
export interface QuantisePlan {
  /** Matrices that lose too much in int8 and stay in float32. */
  readonly keep: ReadonlySet<string>
  /** Moves activation outliers into the weights. */
  adjust(key: string, values: Float32Array): Float32Array
}

/** Matrices in the same type as everything else. */
export const floating = (float: FloatDtype): Precision => ({
  float,
  matmul: (builder, x, key, inputs, outputs) =>
    builder.op('MatMul', [x, builder.weight(key, [inputs, outputs])], {}, key),
})
