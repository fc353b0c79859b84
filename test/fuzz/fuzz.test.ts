import { expect, test } from 'vitest'
import { fuzz, type FuzzOptions, type FuzzTarget } from './fuzz.ts'
import { mutate, random } from './mutate.ts'
import { checkpoints } from './targets/checkpoints.ts'
import { decoding } from './targets/decoding.ts'
import { images } from './targets/images.ts'
import { pickles } from './targets/pickles.ts'
import { prompts } from './targets/prompts.ts'
import { sniffing } from './targets/sniffing.ts'
import { texts } from './targets/texts.ts'
import { wire } from './targets/wire.ts'

/** With how many mutants `npm test` does: seconds in all. scripts/fuzz.mjs asks for seconds instead. */
const TARGETS: readonly (readonly [FuzzTarget, mutants: number])[] = [
  [images, 600],
  [sniffing, 5000],
  [texts, 1500],
  [decoding, 5000],
  [checkpoints, 600],
  [pickles, 800],
  [prompts, 1500],
  [wire, 6000],
]

// Set by scripts/fuzz.mjs.
const { FUZZ_TARGET, FUZZ_SECONDS, FUZZ_SEED = '1', FUZZ_MUTANT, FUZZ_KEEP } = process.env
const chosen = TARGETS.filter(([{ name }]) => !FUZZ_TARGET || name === FUZZ_TARGET)

function optionsFor(mutants: number): FuzzOptions {
  const seed = Number(FUZZ_SEED)
  const keep = FUZZ_KEEP ? { keep: FUZZ_KEEP } : {}
  if (FUZZ_MUTANT) return { seed, first: Number(FUZZ_MUTANT), mutants: 1, ...keep }
  return FUZZ_SECONDS ? { seed, seconds: Number(FUZZ_SECONDS) / chosen.length, ...keep } : { seed, mutants }
}

test.each(chosen.map(([target, mutants]) => [target.name, target, mutants] as const))(
  'mutants of %s end as they should',
  async (name, target, mutants) => {
    const report = await fuzz(target, optionsFor(mutants))
    if (FUZZ_SECONDS || FUZZ_MUTANT) {
      const outcomes = Object.entries(report.outcomes).sort(([, a], [, b]) => b.count - a.count)
      console.log(
        `fuzz: ${name}, seed ${FUZZ_SEED}: ${report.mutants} mutants, ${report.findings.length} findings; ` +
          outcomes.map(([outcome, { count, first }]) => `${outcome} ${count} (first ${first})`).join(', '),
      )
    }
    expect(report.findings).toEqual([])
  },
  60_000 + 1000 * Number(FUZZ_SECONDS ?? 0),
)

test('a mutant is the same each time, and its file stays as it was', () => {
  const bytes = Uint8Array.from({ length: 300 }, (_, i) => i)
  const made = (number: number): string => Buffer.from(mutate(bytes, random(7, number))).toString('hex')
  const all = Array.from({ length: 200 }, (_, number) => made(number))
  expect(Array.from({ length: 200 }, (_, number) => made(number))).toEqual(all)
  expect(new Set(all).size).toBeGreaterThan(190)
  expect(bytes).toEqual(Uint8Array.from({ length: 300 }, (_, i) => i))
})

test('findings are named', async () => {
  const target: FuzzTarget = {
    name: 'even',
    corpus: [['a', new Uint8Array(8)]],
    run(_mutant, _name, next) {
      if (next(2) === 0) throw new TypeError('odd')
      return 'even'
    },
  }
  const { mutants, outcomes, findings } = await fuzz(target, { seed: 3, mutants: 50 })
  expect(mutants).toBe(50)
  expect(findings.length + outcomes['even']!.count).toBe(50)
  const [, number] = /--mutant (\d+)/.exec(findings[0]!)!
  expect(findings[0]).toBe(`--target even --seed 3 --mutant ${number} (of a): TypeError: odd`)
  expect(await fuzz(target, { seed: 3, first: Number(number), mutants: 1 })).toMatchObject({
    findings: [findings[0]],
  })
})
