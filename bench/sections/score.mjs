// Seconds a pair, images a second and the matrix, each precision in turn; with a reference its runs come between ours.
import { pairsOf, prompt } from '../pictures.mjs'
import { startReference } from '../reference.mjs'
import { openScorer } from '../scorer.mjs'
import { interleave, ratios } from '../statistics.mjs'
import { gibibytes, number, spread, spreadOf, table } from '../table.mjs'

/** Rounds shorter than this say more of the clock than of the work. */
const ROUND_SECONDS = 0.5
const LIMIT_SECONDS = 40
const SIDE = 16

/**
 * Seconds, one a round, for each precision and each reference: `ours` has pair, list (an image of a list, both models),
 * hp (the same with HP alone) and matrix; `beside` what was measured in turns with a reference.
 */
export async function measure(context) {
  const { dtypes, reference, models, where, terminal } = context
  const ours = Object.fromEntries(dtypes.map((dtype) => [dtype, { pair: [] }]))
  const references = []
  // One after the other: two of them would not fit a machine that one fits.
  for (const torchDtype of reference ? reference.dtypes : [undefined]) {
    let python
    if (torchDtype) {
      terminal.step(`Loading the reference in ${torchDtype}`)
      python = await startReference(reference, {
        mode: 'scores',
        models: models.official,
        dtype: torchDtype,
        threads: where.threads,
      })
    }
    const beside = {}
    for (const dtype of dtypes) {
      terminal.step(`Scoring in ${dtype}${torchDtype ? ` beside the reference in ${torchDtype}` : ''}`)
      const { child } = await openScorer(context, dtype)
      const rounds = await measurePairs(context, child, python?.child)
      ours[dtype].pair.push(...rounds.ours)
      if (python) beside[dtype] = rounds
      // Lists and the matrix are long, so only once: beside the last reference, which is the faster where there are two.
      if (torchDtype === reference?.dtypes.at(-1))
        Object.assign(ours[dtype], await measureMany(context, child, python?.child))
      await child.end()
    }
    if (!python) continue
    const { peak } = await python.child.ask({ do: 'memory' })
    references.push({ dtype: torchDtype, ...python.ready, peak, beside })
    await python.child.end()
  }
  return { ours, references }
}

/** Both sides get the same pairs in a round, and fresh ones in the next. */
async function measurePairs({ pictures, runs, signal, terminal }, child, python) {
  const nextPairs = pairsOf(pictures)
  const probe = await child.ask({ do: 'pairs', pairs: nextPairs(2) })
  const count = Math.max(1, Math.min(16, Math.ceil(ROUND_SECONDS / (probe.seconds / 2))))
  let pairs
  const ask = (side) => async () => (await side.ask({ do: 'pairs', pairs })).seconds / count
  return interleave(
    { ours: ask(child), ...(python ? { reference: ask(python) } : {}) },
    { runs, signal, terminal, prepare: () => (pairs = nextPairs(count)) },
  )
}

/** `matrixPair`: a pair of the reference's in the same rounds as the matrix. */
async function measureMany({ pictures, runs, signal, terminal }, child, python) {
  const nextPairs = pairsOf(pictures)
  const prompts = Array.from({ length: SIDE }, (_, i) => prompt(17 * i))
  const images = pictures.slice(0, 8)
  const options = { runs, signal, terminal, warmUp: 0, limit: LIMIT_SECONDS }
  const each = (command) => async () => (await child.ask(command)).seconds / images.length
  const lists = await interleave(
    { list: each({ do: 'list', images, prompt: prompt(1) }), hp: each({ do: 'folder', images }) },
    options,
  )
  const { matrix, matrixPair } = await interleave(
    {
      matrix: async () =>
        (
          await child.ask({
            do: 'matrix',
            images: Array.from({ length: SIDE }, (_, i) => pictures[i % pictures.length]),
            prompts,
          })
        ).seconds,
      ...(python
        ? { matrixPair: async () => (await python.ask({ do: 'pairs', pairs: nextPairs(4) })).seconds / 4 }
        : {}),
    },
    options,
  )
  return { ...lists, matrix, matrixPair }
}

export function report({ ours, references }) {
  const rate = (values) => spreadOf(values, (seconds) => 1 / seconds)
  const lines = [
    'Scoring with ICT and HP from JPEG files of 1024², median (least–greatest). A pair is one image and its prompt, one after the other; images a second are those of a list.',
    '',
    table(
      [
        'precision',
        'seconds a pair',
        'images a second',
        'with HP alone',
        `${SIDE} images × ${SIDE} prompts, seconds`,
      ],
      Object.entries(ours).map(([dtype, { pair, list, hp, matrix }]) => [
        dtype,
        spread(pair),
        rate(list),
        rate(hp),
        spread(matrix),
      ]),
    ),
  ]
  return references.length === 0 ? lines : [...lines, '', ...reportBeside(ours, references)]
}

function reportBeside(ours, references) {
  const [{ versions, threads }] = references
  const named = Object.entries(versions).map(([name, version]) => `${name} ${version}`)
  return [
    `Beside the reference in Python, in turns (${named.join(', ')}; threads: ${threads}). Shares below 1 are faster than the reference.`,
    '',
    table(
      [
        'precision',
        'seconds a pair',
        "reference's",
        'share',
        `${SIDE} × ${SIDE}, share of ${SIDE * SIDE} pairs`,
      ],
      references.flatMap((reference) => besideRows(ours, reference, reference === references.at(-1))),
    ),
    '',
    table(
      ['reference', 'import, seconds', 'load, seconds', 'peak memory'],
      references.map(({ dtype, importSeconds, loadSeconds, peak }) => [
        dtype,
        number(importSeconds),
        number(loadSeconds),
        gibibytes(peak),
      ]),
    ),
  ]
}

/** The matrix was measured beside the last reference only. */
function besideRows(ours, { dtype: torchDtype, beside }, last) {
  return Object.entries(beside).map(([dtype, rounds]) => {
    const { matrix, matrixPair } = ours[dtype]
    const shareOfPairs = () =>
      spread(
        ratios(
          matrix,
          matrixPair.map((pair) => pair * SIDE * SIDE),
        ),
      )
    return [
      `${dtype} beside ${torchDtype}`,
      spread(rounds.ours),
      spread(rounds.reference),
      spread(ratios(rounds.ours, rounds.reference)),
      last ? shareOfPairs() : '–',
    ]
  })
}
