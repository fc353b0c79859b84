// From the start of a process to the first score, and the memory that it takes, each in fresh processes.
import { pairsOf, prompt } from '../pictures.mjs'
import { openScorer } from '../scorer.mjs'
import { gibibytes, number, spread, spreadOf, table } from '../table.mjs'

const MOST_RUNS = 5
const BATCHED = 8

/** For each precision `cold`, the first start, which may read from disk; `starts`, later ones; and `memory`, with both and HP alone. */
export async function measure(context) {
  const { dtypes, runs, signal, terminal } = context
  const results = []
  for (const dtype of dtypes) {
    const starts = []
    for (let round = -1; round < Math.min(runs, MOST_RUNS); round++) {
      signal.throwIfAborted()
      if (round < 0) terminal.step(`Loading in ${dtype}`)
      else terminal.detail(`round ${round + 1} of ${Math.min(runs, MOST_RUNS)}`)
      const { child, opened } = await openScorer(context, dtype)
      await child.end()
      starts.push(opened)
    }
    const [cold] = starts.splice(0, 1)
    terminal.step(`Memory in ${dtype}`)
    results.push({
      dtype,
      cold,
      starts,
      both: await measureMemory(context, dtype, ['ict', 'hp']),
      hp: await measureMemory(context, dtype, ['hp']),
    })
  }
  return results
}

/** Bytes: when pairs were scored one after the other, as by the reference, and after a list in batches. */
async function measureMemory(context, dtype, kinds) {
  const { child } = await openScorer(context, dtype, kinds)
  await child.ask({ do: 'pairs', pairs: pairsOf(context.pictures)(4) })
  const pairs = await child.ask({ do: 'memory' })
  await child.ask({ do: 'list', images: context.pictures.slice(0, BATCHED), prompt: prompt(0) })
  const batches = await child.ask({ do: 'memory' })
  await child.end()
  return { pairs, batches }
}

export function report(results, { score }) {
  const references = score?.references ?? []
  const of = (starts, name) => spread(starts.map((start) => start[name]))
  const share = (starts, { loadSeconds }) => spreadOf(starts, ({ sinceStart }) => sinceStart / loadSeconds)
  const memory = ({ peak, own }) => `${gibibytes(peak)}${own ? ` (${gibibytes(own)})` : ''}`
  return [
    'From the start of a process to its first score with ICT and HP, seconds. The first start may have read its files from disk, the others had them in the system’s cache.' +
      (references.length > 0
        ? ' Shares are of the seconds in which the reference loads its models, its imports not counted.'
        : ''),
    '',
    table(
      [
        'precision',
        'start to first score',
        'import',
        'load',
        'first pair',
        'first start',
        ...references.map(({ dtype }) => `share, ${dtype}`),
      ],
      results.map(({ dtype, cold, starts }) => [
        dtype,
        of(starts, 'sinceStart'),
        of(starts, 'importSeconds'),
        of(starts, 'loadSeconds'),
        of(starts, 'firstSeconds'),
        number(cold.sinceStart),
        ...references.map((reference) => share(starts, reference)),
      ]),
    ),
    '',
    `Peak memory of the process; in brackets without file pages such as mapped weights. After pairs one by one, and after a list of ${BATCHED} in batches.`,
    '',
    table(
      ['precision', 'ICT and HP', 'in batches', 'HP alone', 'in batches'],
      [
        ...results.map(({ dtype, both, hp }) => [
          dtype,
          memory(both.pairs),
          memory(both.batches),
          memory(hp.pairs),
          memory(hp.batches),
        ]),
        ...references.map(({ dtype, peak }) => [`reference, ${dtype}`, gibibytes(peak), '–', '–', '–']),
      ],
    ),
  ]
}
