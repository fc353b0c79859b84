import { mkdirSync, writeFileSync } from 'node:fs'
import { Worker } from 'node:worker_threads'
import { mutate, type Random, random } from './mutate.ts'

export interface FuzzTarget {
  readonly name: string
  /** What mutants are made of: the repository's own fixtures, in a fixed order. */
  readonly corpus: readonly (readonly [name: string, bytes: Uint8Array])[]
  /** How it ended, in a word that is counted. Rejects where it ended as it must not. */
  run(mutant: Uint8Array<ArrayBuffer>, name: string, next: Random): Promise<string> | string
}

export interface FuzzOptions {
  readonly seed: number
  /** The number of the first mutant. */
  readonly first?: number
  readonly mutants?: number
  readonly seconds?: number
  /** Mutants that are findings are written here. */
  readonly keep?: string
}

export interface FuzzReport {
  readonly mutants: number
  /** How many ended with which word, and the first of them. */
  readonly outcomes: Readonly<Record<string, { readonly count: number; readonly first: number }>>
  /** Each with what makes it again. */
  readonly findings: readonly string[]
}

/** Runs a target on mutants, as many or for as long as asked. One that takes longer than 20 s is named and ends the process. */
export async function fuzz(target: FuzzTarget, options: FuzzOptions): Promise<FuzzReport> {
  const { seed, first = 0, mutants = Infinity, seconds = Infinity, keep } = options
  const outcomes: Record<string, { count: number; first: number }> = {}
  const findings: string[] = []
  const until = performance.now() + seconds * 1000
  const watch = watchdog(`target ${target.name}, seed ${seed}`)
  let number = first
  try {
    for (; number < first + mutants && performance.now() < until; number++) {
      watch.at(number)
      const next = random(seed, number)
      const [name, bytes] = target.corpus[next(target.corpus.length)]!
      const mutant = mutate(bytes, next)
      try {
        const outcome = await target.run(mutant, name, next)
        ;(outcomes[outcome] ??= { count: 0, first: number }).count++
      } catch (error) {
        findings.push(
          `--target ${target.name} --seed ${seed} --mutant ${number} (of ${name}): ${String(error)}`,
        )
        if (keep) save(keep, `${target.name}-${seed}-${number}-${name.replaceAll('/', '-')}`, mutant)
      }
    }
  } finally {
    await watch.end()
  }
  return { mutants: number - first, outcomes, findings }
}

function save(folder: string, name: string, bytes: Uint8Array): void {
  mkdirSync(folder, { recursive: true })
  writeFileSync(`${folder}/${name}`, bytes)
}

/** A timer of this thread would never ring during an endless loop; another thread sees that the number stays. */
const WATCH = `
const { workerData: { state, what } } = require('node:worker_threads')
const { writeSync } = require('node:fs')
let last = -1, since = Date.now()
setInterval(() => {
  const number = Atomics.load(state, 0)
  if (number !== last) [last, since] = [number, Date.now()]
  if (number < 0 || Date.now() - since < 20000) return
  writeSync(2, 'fuzz: no end after 20 s: ' + what + ', mutant ' + number + '\\n')
  process.kill(process.pid, 'SIGKILL')
}, 500)
`

function watchdog(what: string): { at(number: number): void; end(): Promise<unknown> } {
  const state = new Int32Array(new SharedArrayBuffer(4)).fill(-1)
  const worker = new Worker(WATCH, { eval: true, workerData: { state, what } })
  return { at: (number) => void Atomics.store(state, 0, number), end: () => worker.terminate() }
}
