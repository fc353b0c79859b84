// Scans that are missing, as smooth-blocks.ts.

/**
 * Smooths a row of `count` blocks in place, as smooth-blocks.ts does. At `dc` are the DC coefficients of five rows of `wide`
 * words, the first of which are two to the left of the first block. At `specs` is a pair of words for each of the first nine AC
 * coefficients in zigzag order: the most it may be (below 0: it is left as it is) and its step.
 */
export function smooth(
  blocks: usize,
  count: usize,
  dc: usize,
  wide: usize,
  specs: usize,
  dcStep: i32,
  alone: bool,
): void {
  const down = wide << 2
  for (const end = blocks + (count << 7); blocks < end; blocks += 128, dc += 4) {
    const b = dc + down
    const c = b + down
    const d = c + down
    const e = d + down
    const a0 = load<i32>(dc)
    const a1 = load<i32>(dc, 4)
    const a2 = load<i32>(dc, 8)
    const a3 = load<i32>(dc, 12)
    const a4 = load<i32>(dc, 16)
    const b0 = load<i32>(b)
    const b1 = load<i32>(b, 4)
    const b2 = load<i32>(b, 8)
    const b3 = load<i32>(b, 12)
    const b4 = load<i32>(b, 16)
    const c0 = load<i32>(c)
    const c1 = load<i32>(c, 4)
    const c2 = load<i32>(c, 8)
    const c3 = load<i32>(c, 12)
    const c4 = load<i32>(c, 16)
    const d0 = load<i32>(d)
    const d1 = load<i32>(d, 4)
    const d2 = load<i32>(d, 8)
    const d3 = load<i32>(d, 12)
    const d4 = load<i32>(d, 16)
    const e0 = load<i32>(e)
    const e1 = load<i32>(e, 4)
    const e2 = load<i32>(e, 8)
    const e3 = load<i32>(e, 12)
    const e4 = load<i32>(e, 16)
    if (!alone) {
      estimate(blocks + 2, specs, dcStep, 7 * (c4 - c0) - 50 * (c3 - c1))
      estimate(blocks + 16, specs + 8, dcStep, 7 * (e2 - a2) - 50 * (d2 - b2))
      estimate(blocks + 32, specs + 16, dcStep, 13 * (b2 + d2) - 24 * c2 - a2 - e2)
      estimate(
        blocks + 18,
        specs + 24,
        dcStep,
        a3 - a1 - (e3 - e1) + (b4 - b0) - (d4 - d0) - 10 * (b3 - b1 - (d3 - d1)),
      )
      estimate(blocks + 4, specs + 32, dcStep, 13 * (c1 + c3) - 24 * c2 - c0 - c4)
      continue
    }
    estimate(
      blocks + 2,
      specs,
      dcStep,
      a4 - a0 + (e4 - e0) + (a3 - a1) + (e3 - e1) + 3 * (b4 - b0 + (c4 - c0) + (d4 - d0)) -
        13 * (b3 - b1 + (d3 - d1)) -
        38 * (c3 - c1),
    )
    estimate(
      blocks + 16,
      specs + 8,
      dcStep,
      e0 - a0 + (e4 - a4) + (d0 - b0) + (d4 - b4) + 3 * (e1 - a1 + (e2 - a2) + (e3 - a3)) -
        13 * (d1 - b1 + (d3 - b3)) -
        38 * (d2 - b2),
    )
    const corners = 2 * (b1 + b3 + d1 + d3)
    estimate(
      blocks + 32,
      specs + 16,
      dcStep,
      corners - 5 * (c1 + c3) + 7 * (b2 + d2) - 14 * c2 + a2 + e2,
    )
    estimate(
      blocks + 18,
      specs + 24,
      dcStep,
      a4 - a0 - (e4 - e0) - 9 * (b3 - b1 - (d3 - d1)),
    )
    estimate(blocks + 4, specs + 32, dcStep, corners - 5 * (b2 + d2) + 7 * (c1 + c3) - 14 * c2 + c0 + c4)
    estimate(blocks + 6, specs + 40, dcStep, b1 - b3 + 2 * (c1 - c3) + d1 - d3)
    estimate(blocks + 20, specs + 48, dcStep, b1 + b3 - 3 * b2 - (d1 + d3 - 3 * d2))
    estimate(blocks + 34, specs + 56, dcStep, b1 + d1 - 3 * c1 - (b3 + d3 - 3 * c3))
    estimate(blocks + 48, specs + 64, dcStep, b1 - d1 + 2 * (b2 - d2) + b3 - d3)
    const around =
      152 * c2 +
      42 * (b2 + d2 + c1 + c3) +
      3 * corners -
      8 * (a2 + e2 + c0 + c4) -
      6 * (a1 + a3 + e1 + e3 + b0 + b4 + d0 + d4) -
      2 * (a0 + a4 + e0 + e4)
    store<i16>(blocks, <i16><i64>inSteps(around, dcStep, dcStep))
  }
}

// @ts-ignore: decorator
@inline
function estimate(place: usize, spec: usize, dcStep: i32, sum: i32): void {
  const most = load<i32>(spec)
  if (most < 0 || load<i16>(place) != 0) return
  const size = inSteps(sum, dcStep, load<i32>(spec, 4))
  store<i16>(place, <i16><i64>max<f64>(-most, min<f64>(most, size)))
}

/** A weighted sum in 256ths of the coefficient's own steps, rounded away from 0. All numbers are exact. */
// @ts-ignore: decorator
@inline
function inSteps(sum: i32, dcStep: i32, step: i32): f64 {
  const all = <f64>sum * <f64>dcStep
  const size = floor((<f64>(step * 128) + abs(all)) / <f64>(step * 256))
  return all < 0 ? -size : size
}
