/** Largest magnitude of each channel in what a matrix reads, over all calibration tokens. */
export type ChannelMaxima = Float32Array

/** What calibration saw of one layer. */
export interface LayerMaxima {
  readonly ln1: ChannelMaxima
  readonly attended: ChannelMaxima
  readonly ln2: ChannelMaxima
}

/** Factors by which channels shrink in the activations and grow in the weights that read them. */
export interface LayerFactors {
  readonly ln1: Float32Array
  readonly attended: Float32Array
  readonly ln2: Float32Array
}

/**
 * SmoothQuant (arXiv 2211.10438): s_j = max|X_j|^α / max|W_j|^(1-α), with α = 1/2, so that a channel's activations and
 * weights share the difficulty evenly. `rows` holds the largest magnitude of each of the matrix's input rows.
 */
export function smoothingFactors(channels: ChannelMaxima, rows: Float32Array): Float32Array {
  return channels.map((x, j) => {
    const factor = Math.sqrt(x / rows[j]!)
    return Number.isFinite(factor) && factor > 0 ? factor : 1
  })
}

/** Largest magnitude in each row of a row-major matrix. */
export function rowMaxima(values: Float32Array, rows: number): Float32Array {
  const columns = values.length / rows
  return Float32Array.from({ length: rows }, (_, r) => {
    let most = 0
    for (let i = r * columns; i < (r + 1) * columns; i++) {
      const magnitude = Math.abs(values[i]!)
      if (magnitude > most) most = magnitude
    }
    return most
  })
}

/** Raises `maxima` by tokens × channels of activations. */
export function raiseMaxima(maxima: Float32Array, values: Float32Array): void {
  const channels = maxima.length
  for (let i = 0; i < values.length;) {
    for (let c = 0; c < channels; c++, i++) {
      const magnitude = Math.abs(values[i]!)
      if (magnitude > maxima[c]!) maxima[c] = magnitude
    }
  }
}

/**
 * Applies a layer's factors to one of its weights, in place. The function that the layer computes stays the same: what
 * the norms and the values give is divided, and the rows of the matrices that read them are multiplied.
 */
export function applyFactors(part: string, values: Float32Array, { ln1, attended, ln2 }: LayerFactors): void {
  const width = ln1.length
  switch (part) {
    case 'ln1.weight':
    case 'ln1.bias':
      return divide(values, ln1, 0, width)
    case 'ln2.weight':
    case 'ln2.bias':
      return divide(values, ln2, 0, width)
    case 'qkv.weight':
    case 'kv.weight':
      multiplyRows(values, ln1)
      return divide(values, attended, values.length / width - width, values.length / width)
    case 'q.weight':
      return multiplyRows(values, ln1)
    case 'qkv.bias':
    case 'v.bias':
      return divide(values, attended, values.length - width, values.length)
    case 'out.weight':
      return multiplyRows(values, attended)
    case 'fc1.weight':
      return multiplyRows(values, ln2)
  }
}

function multiplyRows(values: Float32Array, factors: Float32Array): void {
  const columns = values.length / factors.length
  factors.forEach((factor, r) => {
    for (let i = r * columns; i < (r + 1) * columns; i++) values[i] = values[i]! * factor
  })
}

/** Divides the columns from `start` on by the factors, one each. `columns`: the length of a row. */
function divide(values: Float32Array, factors: Float32Array, start: number, columns: number): void {
  for (let row = 0; row < values.length; row += columns) {
    for (let c = 0; c < factors.length; c++) values[row + start + c] = values[row + start + c]! / factors[c]!
  }
}
