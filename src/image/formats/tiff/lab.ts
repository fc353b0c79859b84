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
    const l = AXIS[data[i]!]!
    const a = AXIS[data[i + 1]!]!
    const b = AXIS[data[i + 2]!]!
    // From the corner nearest to black, along the axes by the size of what is left of them.
    const steps = sortSteps(l, a, b)
    const first = ((l.node * GRID + a.node) * GRID + b.node) * 3
    for (let c = 0; c < 3; c++) {
      const start = nodes[first + c]!
      let sum = 0x8001
      let from = start
      let at = first + c
      for (const { rest, step } of steps) {
        at += step
        const to = nodes[at]!
        sum += (to - from) * rest
        from = to
      }
      const value = start + Math.floor((sum + Math.floor(sum / 65536)) / 65536)
      out[i + c] = Math.floor((value * 65281 + 8388608) / 16777216)
    }
  }
  return out
}

interface Place {
  readonly node: number
  /** 16 bits of what lies behind the node. */
  readonly rest: number
  /** To the next node; none behind the last. */
  readonly ahead: 0 | 1
}

/** Where each byte lies on an axis. */
const AXIS: readonly Place[] = Array.from({ length: 256 }, (_, byte) => {
  const scaled = byte * 257 * (GRID - 1)
  const fixed = scaled + Math.floor((scaled + 0x7fff) / 0xffff)
  return { node: fixed >> 16, rest: fixed & 0xffff, ahead: byte === 255 ? 0 : 1 }
})

interface Step {
  readonly rest: number
  readonly step: number
}

/** The larger rests first; of equal ones the table's order makes no difference. */
function sortSteps(l: Place, a: Place, b: Place): readonly [Step, Step, Step] {
  const x: Step = { rest: l.rest, step: l.ahead * GRID * GRID * 3 }
  const y: Step = { rest: a.rest, step: a.ahead * GRID * 3 }
  const z: Step = { rest: b.rest, step: b.ahead * 3 }
  if (x.rest >= y.rest) {
    if (y.rest >= z.rest) return [x, y, z]
    return x.rest >= z.rest ? [x, z, y] : [z, x, y]
  }
  if (x.rest >= z.rest) return [y, x, z]
  return y.rest >= z.rest ? [y, z, x] : [z, y, x]
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
