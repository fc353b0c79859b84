/** Grid points along each axis of the table that littlecms makes. */
const GRID = 33
/** XYZ is held in 0…1 for 0…1.99997. */
const MOST = 1 + 32767 / 32768
/** From XYZ of D50 to linear sRGB: the colorants of littlecms' sRGB profile, inverted. */
const MATRIX = [
  [3.13418636423682, -1.617208958998275, -0.49069406400638405],
  [-0.9787485041906937, 1.9161300967735857, 0.03343339915999551],
  [0.07196392780224675, -0.22899387345320316, 1.4057537328964438],
] as const
const D50 = [0.9642, 1, 0.8249] as const

/**
 * CIELAB (D50) of 8 bits, a and b with 128 for 0, to sRGB as Pillow's `convert("RGB")` has it from littlecms 2: a table of
 * 33×33×33 points, between which tetrahedra are interpolated in whole numbers (`TetrahedralInterp16` of cmsintrp.c).
 */
export function labToRgb(data: Uint8Array): Uint8Array {
  table ??= makeTable()
  const nodes = table
  const out = new Uint8Array(data.length)
  for (let i = 0; i < data.length; i += 3) {
    const l = data[i]!
    const a = data[i + 1]!
    const b = data[i + 2]!
    const first = NODE[l]! * LIGHT + NODE[a]! * RED + NODE[b]! * BLUE
    // From the corner nearest to black along the axes, the one with the most left of it first.
    let [x, y, z] = [REST[l]!, REST[a]!, REST[b]!]
    let [stepX, stepY, stepZ] = [l === 255 ? 0 : LIGHT, a === 255 ? 0 : RED, b === 255 ? 0 : BLUE]
    if (x < y) [x, y, stepX, stepY] = [y, x, stepY, stepX]
    if (y < z) [y, z, stepY, stepZ] = [z, y, stepZ, stepY]
    if (x < y) [x, y, stepX, stepY] = [y, x, stepY, stepX]
    const second = first + stepX
    const third = second + stepY
    const last = third + stepZ
    for (let c = 0; c < 3; c++) {
      const start = nodes[first + c]!
      const at = nodes[second + c]!
      const next = nodes[third + c]!
      const sum = (at - start) * x + (next - at) * y + (nodes[last + c]! - next) * z + 0x8001
      const value = start + Math.floor((sum + Math.floor(sum / 65536)) / 65536)
      out[i + c] = Math.floor((value * 65281 + 8388608) / 16777216)
    }
  }
  return out
}

/** Numbers of the table from node to node along each axis. */
const BLUE = 3
const RED = GRID * BLUE
const LIGHT = GRID * RED
/** Where each byte lies on an axis: behind which node, and 16 bits of what lies behind that. */
const [NODE, REST] = [new Uint8Array(256), new Int32Array(256)]
for (let byte = 0; byte < 256; byte++) {
  const scaled = byte * 257 * (GRID - 1)
  const fixed = scaled + Math.floor((scaled + 0x7fff) / 0xffff)
  NODE[byte] = fixed >> 16
  REST[byte] = fixed & 0xffff
}

let table: Uint16Array | undefined

function makeTable(): Uint16Array {
  const nodes = new Uint16Array(GRID ** 3 * 3)
  const axis = Array.from({ length: GRID }, (_, i) => {
    const value = Math.floor((i * 65535) / (GRID - 1) + 0.5)
    return Math.fround(value / 65535)
  })
  let to = 0
  for (const l of axis) {
    for (const a of axis) {
      for (const b of axis) {
        for (const value of toSrgb(l * 100, a * 255 - 128, b * 255 - 128)) nodes[to++] = value
      }
    }
  }
  return nodes
}

/** One colour, to 16 bits; between the steps littlecms holds floats of 32 bits. */
function toSrgb(l: number, a: number, b: number): readonly number[] {
  const y = (l + 16) / 116
  const xyz = [y + 0.002 * a, y, y - 0.005 * b].map((t, i) => {
    const linear = t <= 24 / 116 ? (108 / 841) * (t - 16 / 116) : t * t * t
    return Math.fround((linear * D50[i]!) / MOST)
  })
  return MATRIX.map((row) => {
    const linear = Math.fround(row.reduce((sum, factor, i) => sum + factor * MOST * xyz[i]!, 0))
    const curved = Math.fround(
      linear >= LINEAR ? (linear ** (1 / 2.4) - 0.055 / 1.055) / (1 / 1.055) : linear * 12.92,
    )
    return Math.min(65535, Math.floor(Math.max(0, curved * 65535) + 0.5))
  })
}

/** Below, sRGB is a straight line. */
const LINEAR = ((1 / 1.055) * 0.04045 + 0.055 / 1.055) ** 2.4
