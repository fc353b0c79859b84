import { expect, test } from 'vitest'
import { html } from '../../src/report/html.ts'
import { renderReport } from '../../src/report/render-report.ts'
import type { Report } from '../../src/report/report.ts'
import { PIXEL, sampleImage, sampleReport } from './sample-report.ts'

const render = (changes?: Partial<Report>): string => renderReport(sampleReport(changes))
const all = (page: string, pattern: RegExp): string[] =>
  Array.from(page.matchAll(pattern), ([, found]) => found!)
/** What a reader reads, without what the page is made of. */
const words = (page: string): string =>
  page
    .replace(/<(style|script)[^]*?<\/\1>/g, '')
    .replace(/<[^>]*>/g, ' ')
    .replace(/\s+/g, ' ')

test('the cards come in the order of the images, each with its rank, scores, picture and size', () => {
  const page = render()
  expect(all(page, /<li class="card" data-name="([^"]*)"/g)).toEqual(['fox 10.png', 'fox 9.png', 'owl.png'])
  expect(all(page, /<span class="rank"[^>]*>(\d+)</g)).toEqual(['1', '2', '3'])
  expect(all(page, /<img src="([^"]*)"/g)).toEqual([PIXEL, PIXEL, PIXEL])
  expect(words(page)).toContain('fox 10.png 640 × 480 ✓ passed weighted 0.8500 ICT 0.9000 HP 0.8000')
  expect(words(page)).toContain('owl.png 640 × 480 ✗ not passed weighted 0.1000 ICT -0.1000 HP 0.3000')
})

test('cards carry what sorting and filtering need, with every digit', () => {
  const page = render({
    images: [sampleImage('a.png', { rank: 1, score: 1 / 3, ict: [2 / 3], hp: 1 / 7, passed: false })],
  })
  expect(page).toContain(
    'data-name="a.png" data-score="0.3333333333333333" data-ict="[0.6666666666666666]" data-hp="0.14285714285714285" data-passed="false"',
  )
})

test('what is told beside the pictures: rule, prompt, facts, notes, thresholds, what was not read', () => {
  const text = words(render())
  for (const part of [
    'Ranking of 3 pictures',
    'Best first, by weighted: 0.5·ICT + 0.5·HP. To pass: ICT above 0.7.',
    'a red fox',
    'ICT 8y/ICT',
    'precision int8',
    'auto took cpu',
    'Not read (1)',
    'broken.png : It ends too soon. (image_truncated)',
  ])
    expect(text).toContain(part)
  expect(words(render({ scored: 20 }))).toContain(
    'Ranking of 20 pictures Best first, by weighted: 0.5·ICT + 0.5·HP. Shown: the best 3.',
  )
})

test('a prompt that was cut shows what was read and what was not', () => {
  const page = render({ prompts: [{ text: 'a red fox ', cut: 'in the snow', tokens: 99, limit: 77 }] })
  expect(page).toContain('a red fox <del>in the snow</del>')
  expect(words(page)).toContain('Cut: it has 99 tokens, and the model reads 77.')
  expect(render()).not.toContain('<del>')
})

test('without a ranking the order is that of the images, and several prompts have a score and a bar each', () => {
  const page = render({
    ranking: undefined,
    thresholds: undefined,
    prompts: ['a red fox', 'an owl'].map((text) => ({ text, cut: '', tokens: 5, limit: 77 })),
    images: [sampleImage('a.png', { ict: [0.25, 0.5], hp: 0.75 })],
  })
  expect(words(page)).toContain('Scores of 3 pictures In the order given.')
  expect(words(page)).toContain('a.png 640 × 480 ICT 1 0.2500 ICT 2 0.5000 HP 0.7500')
  expect(all(page, /--part:([\d.]+%)/g)).toEqual(['25.00%', '50.00%', '75.00%'])
  expect(words(page)).toContain('ICT of 1: a red fox 2: an owl')
  expect(page).not.toMatch(/class="rank"|name="passed"|data-passed/)
})

test('one score alone is its own combination, and is shown once', () => {
  const images = [sampleImage('a.png', { rank: 1, score: 0.5, hp: 0.5 })]
  const page = render({ ranking: { combine: 'hp' }, prompts: [], thresholds: undefined, images })
  expect(words(page)).toMatch(/a\.png 640 × 480 HP 0\.5000/)
  expect(page).not.toMatch(/of-score"|min-score|min-ict|aria-label="Prompts"/)
})

test('bars stay in their track; those of a softmax reach to the best', () => {
  expect(all(render(), /--part:([\d.]+%)/g)).toEqual([
    '85.00%',
    '90.00%',
    '80.00%',
    '80.00%',
    '65.00%',
    '95.00%',
    '10.00%',
    '0.00%',
    '30.00%',
  ])
  expect(all(render(), /--least:([\d.]+%)/g)).toEqual(['70.00%', '70.00%', '70.00%'])
  const softmax = render({
    ranking: { combine: 'softmax' },
    images: [0.02, 0.01].map((score) => sampleImage('a.png', { score, ict: [1], hp: 0 })),
  })
  expect(all(softmax, /--part:([\d.]+%)/g)).toEqual([
    '100.00%',
    '100.00%',
    '0.00%',
    '50.00%',
    '100.00%',
    '0.00%',
  ])
  expect(words(softmax)).toContain('those of the combined score from 0 to the best, 0.0200')
})

const HOSTILE = `"><script>alert(1)</script><img src=x onerror='alert(2)'>&amp;\`\${1}`

test('names, prompts, messages, facts and notes are text, whatever is in them', () => {
  const page = render({
    prompts: [HOSTILE, HOSTILE].map((text) => ({ text, cut: HOSTILE, tokens: 99, limit: 77 })),
    images: [sampleImage(HOSTILE, { ict: [1, 1] })],
    failed: [{ image: HOSTILE, code: HOSTILE, message: HOSTILE }],
    facts: [[HOSTILE, HOSTILE]],
    notes: [HOSTILE],
    version: HOSTILE,
  })
  expect(page.match(/<script/g)).toHaveLength(1)
  expect(page).not.toMatch(/<img(?! src="data:)|onerror='|alert\(1\)<\/script/)
  // Two prompts, read and cut, and in the choice; name twice; failed thrice; fact twice; note; version.
  expect(page.split('&#34;&#62;&#60;script&#62;alert(1)').length - 1).toBe(2 * 2 + 2 + 2 + 3 + 2 + 1 + 1)
  // The same as an attribute of one card: nothing of the name ends it.
  expect(all(page, /<li class="card" data-name="([^"]*)"/g)).toEqual([
    expect.stringMatching(/^&#34;.*&#96;\$\{1\}$/),
  ])
})

test('a name keeps its folders, apart', () => {
  const name = (path: string): string =>
    /<h2 class="name"><bdi>(.*?)<\/bdi>/.exec(render({ images: [sampleImage(path, { hp: 1 })] }))![1]!
  expect(name('a/b c/d.png')).toBe('<span class="dim">a/</span><wbr><span class="dim">b c/</span><wbr>d.png')
  expect([name('d.png'), name('C:\\d.png').replace(/<.*?>/g, '')]).toEqual(['d.png', 'C:\\d.png'])
})

test('a picture that is no picture is left out', () => {
  for (const thumbnail of ['https://example.com/a.png', 'javascript:alert(1)', 'data:text/html,x', undefined])
    expect(render({ images: [sampleImage('a.png', { thumbnail, hp: 1 })] })).not.toContain('<img')
})

test('marks that could disguise a name, and halves of characters, are replaced', () => {
  expect(html`${'a\u202egnp.exe\x00\x1b[2J\ud800'}${'\u{1f98a} 狐\n'}`.text).toBe(
    'a\ufffdgnp.exe\ufffd\ufffd[2J\ufffd\u{1f98a} 狐\n',
  )
})

test('the page loads nothing: no address in it, and a policy that forbids it', () => {
  const page = render()
  expect(page).not.toMatch(/(src|href|url|@import|fetch)\s*[=(]\s*["']?(?!data:)(https?:|\/\/|\.)/)
  expect(page).toContain(
    `content="default-src 'none'; img-src data:; style-src 'unsafe-inline'; script-src 'unsafe-inline'"`,
  )
})

test('no image at all makes a page, too', () => {
  expect(words(render({ images: [], scored: 0 }))).toContain('Ranking of 0 pictures')
})

test('each group has a heading above its pictures, and each picture its prompt', () => {
  const [a, b, c] = sampleReport().images
  const page = render({
    images: [
      { ...a!, group: '7 <b>', prompt: 'a fox & co' },
      { ...b!, group: '7 <b>', prompt: 'a fox' },
      { ...c!, group: '8', prompt: 'an owl' },
    ],
    scored: 9,
  })
  expect(
    all(page, /<li class="group"><h2 dir="auto">([^]*?)<\/h2>|<li class="card" data-name="[^"]*"/g),
  ).toEqual(['7 &#60;b&#62;', undefined, undefined, '8', undefined])
  expect(all(page, /<p class="own"[^>]*><q dir="auto">([^<]*)</g)).toEqual([
    'a fox &#38; co',
    'a fox',
    'an owl',
  ])
  expect(words(page)).toContain(
    'Best first within 2 groups, by weighted: 0.5·ICT + 0.5·HP. Shown: the best of each.',
  )
})
