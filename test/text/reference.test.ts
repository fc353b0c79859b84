import { existsSync, readFileSync } from 'node:fs'
import { gunzipSync } from 'node:zlib'
import { describe, expect, test } from 'vitest'
import { cleanText } from '../../src/text/clean.ts'
import { ClipTokenizer } from '../../src/text/clip-tokenizer.ts'

interface Answer {
  readonly text: string
  readonly cleaned: string
  readonly ids: number[]
  readonly count?: number
  readonly cut?: string
}

const read = (url: URL | string): Answer[] =>
  (JSON.parse(readFileSync(url, 'utf8')) as { texts: Answer[] }).texts

/** What differs from the reference, with the text; a list so that one run shows every difference. */
function differences(answers: readonly Answer[]): object[] {
  const tokenizer = new ClipTokenizer()
  return answers.flatMap(({ text, ...want }) => {
    const { ids, cleaned, count, cut } = tokenizer.inspect(text)
    const got: Omit<Answer, 'text'> = {
      cleaned,
      ids,
      ...(want.count === undefined ? {} : { count }),
      ...(want.cut === undefined ? {} : { cut }),
    }
    const same =
      JSON.stringify(Object.entries(got).sort()) === JSON.stringify(Object.entries(want).sort()) &&
      cleanText(text) === cleaned &&
      tokenizer.encode(text).join() === ids.join()
    return same ? [] : [{ text, want, got }]
  })
}

const golden = new URL('../../../shared/golden/text.jsonl.gz', import.meta.url)

test.skipIf(!existsSync(golden))('golden: all texts', () => {
  const lines = gunzipSync(readFileSync(golden)).toString().trim().split('\n')
  expect(lines).toHaveLength(3532)
  expect(differences(lines.map((line) => JSON.parse(line) as Answer))).toEqual([])
})

describe('texts of every kind (scripts/fixtures/make-texts.py)', () => {
  const answers = read(new URL('../fixtures/text/texts.json', import.meta.url))

  test('cleaned text, ids, count and what is cut away', () => {
    expect(answers.length).toBeGreaterThanOrEqual(400)
    expect(differences(answers)).toEqual([])
  })

  test('rows of input ids: the same, padded with 0', () => {
    const { data, dims } = new ClipTokenizer().inputIds(answers.map(({ text }) => text))
    expect(dims).toEqual([answers.length, 77])
    const rows = answers.map((_, i) => Array.from(data.subarray(i * 77, (i + 1) * 77), Number))
    expect(rows).toEqual(answers.map(({ ids }) => [...ids, ...new Array<number>(77 - ids.length).fill(0)]))
  })
})

const more = process.env['ICTHP_TEXTS']
test.skipIf(!more)('more texts, named by ICTHP_TEXTS', () => {
  expect(differences(read(more!))).toEqual([])
})
