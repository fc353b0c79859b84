import { describe, expect, test } from 'vitest'
import { ClipTokenizer } from '../../src/text/clip-tokenizer.ts'
import { cpuTime } from '../cpu-time.ts'
import { thrown } from './thrown.ts'

const tokenizer = new ClipTokenizer()
const START = 49406
const END = 49407

describe('encode', () => {
  test('a prompt, an empty one, and the marks written out', () => {
    expect(tokenizer.encode('a photo of a cat')).toEqual([START, 320, 1125, 539, 320, 2368, END])
    expect(tokenizer.encode(' \n ')).toEqual([START, END])
    expect(tokenizer.encode('<START_OF_TEXT> hi <end_of_text>')).toEqual([START, START, 1883, END, END])
  })

  test('keeps the end mark when it cuts', () => {
    const ids = tokenizer.encode('cat '.repeat(100))
    expect(ids).toEqual([START, ...new Array<number>(75).fill(2368), END])
    expect(tokenizer.encode('cat '.repeat(75))).toEqual(ids)
    expect(new ClipTokenizer({ contextLength: 4 }).encode('a photo of a cat')).toEqual([
      START,
      320,
      1125,
      END,
    ])
    expect(new ClipTokenizer({ contextLength: 2 }).encode('a')).toEqual([START, END])
  })

  test('the same from the word cache, and when that is full', () => {
    const own = new ClipTokenizer()
    const words = Array.from(
      { length: 10_500 },
      (_, i) => `w${String.fromCharCode(97 + (i % 26))}q${i.toString(36).replace(/\d/g, 'z')}`,
    )
    const first = words.map((word) => own.encode(word))
    expect(words.map((word) => own.encode(word))).toEqual(first)
    expect(first.slice(0, 50)).toEqual(words.slice(0, 50).map((word) => new ClipTokenizer().encode(word)))
  })

  test.each([
    ['words', 'a photo of a cat sitting on the mat, '.repeat(270_000)],
    ['lines', 'a photo of a cat\n'.repeat(600_000)],
    ['one word', 'unbelievable'.repeat(830_000)],
    ['digits', '1'.repeat(10_000_000)],
    ['punctuation', '!?'.repeat(5_000_000)],
    ['references', '&amp;'.repeat(2_000_000)],
    ['a number without end', `&#${'0'.repeat(10_000_000)}65;`],
    ['Japanese', '日本語のテキスト'.repeat(400_000)],
    ['mojibake', 'Ã© photo 日本語â€œhiâ€ '.repeat(20_000)],
    ['references in references', `&${'amp;'.repeat(100_000)}`],
  ])('a prompt of megabytes does not hang: %s', (_, text) => {
    const started = cpuTime()
    const ids = tokenizer.encode(text)
    // Measured 0.1–1.5 s on two busy cores; minutes or hours where something is quadratic.
    expect(cpuTime() - started).toBeLessThan(20_000)
    expect(ids.length).toBeLessThanOrEqual(77)
    expect(ids.at(-1)).toBe(END)
  })

  test('starts like the whole when it stops early', () => {
    const text = 'the “Quick” brown fox & 3 dogs, ＦＵＬＬ schÃ¶n. '
    for (const contextLength of [3, 77, 500, 5000]) {
      const own = new ClipTokenizer({ contextLength })
      expect(own.encode(text.repeat(2000))).toEqual(own.inspect(text.repeat(2000)).ids)
    }
  })
})

describe('inspect', () => {
  test('a prompt that fits', () => {
    expect(tokenizer.inspect('A photo of a CAT')).toEqual({
      ids: [START, 320, 1125, 539, 320, 2368, END],
      count: 7,
      truncated: false,
      cut: '',
      cleaned: 'a photo of a cat',
    })
    expect(tokenizer.inspect('cat '.repeat(75))).toMatchObject({ count: 77, truncated: false, cut: '' })
  })

  test('cut between words', () => {
    const short = new ClipTokenizer({ contextLength: 5 })
    expect(short.inspect('A photo of a cat on a mat')).toMatchObject({
      count: 10,
      truncated: true,
      cut: 'a cat on a mat',
    })
    expect(tokenizer.inspect('cat '.repeat(76))).toMatchObject({ count: 78, truncated: true, cut: 'cat' })
  })

  test('cut within a word, and within a character', () => {
    const short = new ClipTokenizer({ contextLength: 3 })
    const { ids, cut, count } = short.inspect('unbelievabilities!')
    expect({ text: tokenizer.decode(ids), cut, count }).toEqual({
      text: 'unbeliev',
      cut: 'abilities!',
      count: 5,
    })
    // The first token is part of the first character, which the model so does not see whole.
    expect(short.inspect('鬱x')).toMatchObject({ truncated: true, cut: '鬱x' })
  })

  test('what is kept and what is cut are the whole text', () => {
    for (let contextLength = 2; contextLength < 30; contextLength++) {
      const { ids, cut, cleaned } = new ClipTokenizer({ contextLength }).inspect(
        "An unbelievabilities-themed postcard; it's 1234 of them",
      )
      expect(cleaned.endsWith(cut)).toBe(true)
      const kept = tokenizer.decode(ids).replaceAll(' ', '')
      expect(kept + cut.replaceAll(' ', '')).toBe(cleaned.replaceAll(' ', ''))
    }
  })
})

describe('inputIds', () => {
  test('rows padded with 0 to the context length, to a length, to the longest', () => {
    const texts = ['cat', 'a photo of a cat']
    const row = [START, 320, 1125, 539, 320, 2368, END]
    expect(tokenizer.inputIds(texts).dims).toEqual([2, 77])
    const longest = tokenizer.inputIds(texts, { length: 'longest' })
    expect(longest.dims).toEqual([2, 7])
    expect(Array.from(longest.data, Number)).toEqual([START, 2368, END, 0, 0, 0, 0, ...row])
    const short = tokenizer.inputIds(texts, { length: 4 })
    expect(Array.from(short.data, Number)).toEqual([START, 2368, END, 0, START, 320, 1125, END])
    expect(tokenizer.inputIds([], { length: 'longest' })).toEqual({ data: new BigInt64Array(), dims: [0, 2] })
  })
})

describe('decode', () => {
  test('gives back the cleaned words', () => {
    expect(tokenizer.decode(tokenizer.encode('A photo of a  CAT, 日本語 👍🏽'))).toBe(
      'a photo of a cat , 日本語 👍🏽',
    )
    expect(tokenizer.decode(tokenizer.inputIds(['a cat']).data)).toBe('a cat')
    expect(tokenizer.decode([])).toBe('')
  })

  test('bytes that are not UTF-8 become U+FFFD', () => {
    expect(tokenizer.decode(new ClipTokenizer({ contextLength: 3 }).encode('鬱'))).toBe('\ufffd')
  })

  test.each([[-1], [49408], [1.5], [Number.NaN]])('%s is refused', (id) => {
    expect(thrown(() => tokenizer.decode([id]))).toMatchObject({
      name: 'InputError',
      code: 'input_invalid_option',
    })
  })
})

describe('refuses', () => {
  test.each([[undefined], [null], [42], [['a cat']], [{}], [new String('a cat')]])(
    'a prompt that is no string: %j',
    (prompt) => {
      const want = { name: 'InputError', code: 'input_not_a_string' }
      expect(thrown(() => tokenizer.encode(prompt as string))).toMatchObject(want)
      expect(thrown(() => tokenizer.inspect(prompt as string))).toMatchObject(want)
      expect(thrown(() => tokenizer.inputIds(['a', prompt as string]))).toMatchObject({
        ...want,
        details: { index: 1 },
      })
    },
  )

  test.each([[0], [1], [2.5], [-3], [Number.NaN], [Infinity], ['77']])(
    'a context length of %s',
    (contextLength) => {
      expect(thrown(() => new ClipTokenizer({ contextLength: contextLength as number }))).toMatchObject({
        name: 'InputError',
        code: 'input_invalid_option',
        details: { contextLength },
      })
    },
  )

  test.each([[1], [78], [3.5]])('rows of %s tokens', (length) => {
    expect(thrown(() => tokenizer.inputIds(['a'], { length }))).toMatchObject({
      code: 'input_invalid_option',
      details: { length },
    })
  })
})
