import { expect, test } from 'vitest'
import { bpe } from '../../src/text/bpe.ts'
import { mergedId, vocabulary, wordEnd } from '../../src/text/vocabulary.ts'
import { cpuTime } from '../cpu-time.ts'

const encoder = new TextEncoder()

/** BPE as it is defined, round by round, each merging every place where the best pair stands. */
function slowBpe(bytes: Uint8Array): number[] {
  const { byteIds, rank } = vocabulary()
  let ids = Array.from(bytes, (byte, i) => (i + 1 < bytes.length ? byteIds[byte]! : wordEnd(byteIds[byte]!)))
  for (;;) {
    const ranks = ids.slice(1).map((id, i) => rank(ids[i]!, id))
    const best = Math.min(...ranks.filter((r) => r >= 0))
    if (best === Infinity) return ids
    const next: number[] = []
    for (let i = 0; i < ids.length; i++) {
      const merges = i + 1 < ids.length && rank(ids[i]!, ids[i + 1]!) === best
      next.push(merges ? mergedId(best) : ids[i]!)
      if (merges) i++
    }
    ids = next
  }
}

/** Numbers from 0 to below `bound`, the same every time (mulberry32). */
function random(seed: number): (bound: number) => number {
  let state = seed
  return (bound) => {
    state = (state + 0x6d2b79f5) | 0
    let t = Math.imul(state ^ (state >>> 15), 1 | state)
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t
    return ((t ^ (t >>> 14)) >>> 0) % bound
  }
}

const words = [
  'a',
  'cat',
  'unbelievable',
  'a'.repeat(1000),
  'ab'.repeat(700),
  '!'.repeat(1000),
  '!?'.repeat(600),
  'ha'.repeat(500),
  'supercalifragilisticexpialidocious'.repeat(30),
  '日本語テキスト'.repeat(60),
  '👩‍👩‍👧‍👦'.repeat(40),
  'ãĥ¼ãĤ¹'.repeat(80),
  '.'.repeat(777),
  '=-'.repeat(400),
]

test.each(words.map((word) => [word.slice(0, 12), word.length, word] as const))(
  '%s… (%i long): as round by round',
  (_, __, word) => {
    expect([...bpe(encoder.encode(word), vocabulary())]).toEqual(slowBpe(encoder.encode(word)))
  },
)

test('random words of every length, letters often repeated, some made of whole tokens', () => {
  const next = random(1)
  for (let n = 0; n < 400; n++) {
    const letters = 1 + next(26)
    const length = 1 + next(n % 4 === 0 ? 700 : 200)
    const bytes =
      n % 3 === 0
        ? Uint8Array.from(
            Array.from({ length: length / 4 + 1 }, () => vocabulary().bytes(next(49406))).flat(),
          )
        : Uint8Array.from({ length }, () => (n % 3 === 1 ? 97 + next(letters) : next(256)))
    expect([...bpe(bytes, vocabulary())], bytes.join()).toEqual(slowBpe(bytes))
  }
})

test('a word of millions of letters: its first tokens at once, all of them in proportion', () => {
  const next = random(2)
  const bytes = Uint8Array.from({ length: 2_000_000 }, () => 97 + next(26))
  const started = cpuTime()
  const first: number[] = []
  for (const id of bpe(bytes, vocabulary())) if (first.push(id) === 75) break
  const beginning = cpuTime() - started
  expect(first).toEqual(slowBpe(bytes.subarray(0, 600)).slice(0, 75))

  const length = (n: number) => [...bpe(bytes.subarray(0, n), vocabulary())].length
  const time = (n: number) => {
    const from = cpuTime()
    length(n)
    return cpuTime() - from
  }
  // A tenth of the letters would take as much as all that is measured here.
  expect(beginning).toBeLessThan(time(200_000))
  // Ten times the letters; quadratic time would be a hundred times.
  expect(time(200_000)).toBeLessThan(40 * Math.max(time(20_000), 2))
})
