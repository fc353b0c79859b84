import { readFileSync, writeFileSync } from 'node:fs'
import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import { beforeEach, expect, test } from 'vitest'
import { VERSION } from '../../../src/base/version.ts'
import { Stopped } from '../../../src/cli/exit-codes.ts'
import { createNodeCodecs } from '../../../src/image/codecs/codecs-node.ts'
import { cliRoom, hpOf, ictOf } from '../cli-room.ts'

const room = cliRoom()
const PROMPT = 'a red fox'

beforeEach(() => room.write({ 'a.png': '10', 'b.png': '250', 'c & d.png': '130', 'bad.png': 'bad' }))

/** What the report of a run has of each image, and the text of the whole page. */
function read(file = 'report.html') {
  const page = readFileSync(join(room.folder, file), 'utf8')
  const cards = Array.from(
    page.matchAll(/<li class="card" data-name="(.*?)" data-score="(.*?)" data-ict="(.*?)" data-hp="(.*?)"/g),
  )
  return {
    page,
    names: cards.map(([, name]) => name),
    scores: cards.map(([, , score, ict, hp]) => ({
      score,
      ict: ict && (JSON.parse(ict) as number[]),
      hp: Number(hp),
    })),
    thumbnails: Array.from(page.matchAll(/<img src="data:image\/jpeg;base64,(.*?)"/g), ([, data]) =>
      Buffer.from(data!, 'base64'),
    ),
    text: page
      .replace(/<(style|script)[^]*?<\/\1>/g, '')
      .replace(/<[^>]*>/g, ' ')
      .replace(/\s+/g, ' '),
  }
}

test('rank --html writes the ranking beside what it prints, with pictures, and names what was not read', async () => {
  const args = ['rank', '.', '--prompt', PROMPT, '--min-hp', '0.6', '--json']
  const plain = await room.run(args)
  const { code, stdout, stderr } = await room.run([...args, '--html', 'report.html'])
  expect([code, stdout]).toEqual([3, plain.stdout])
  expect(stderr).toMatch(/^note: report\.html is written \(\d.* kB\)$/m)
  const { names, scores, thumbnails, text, page } = read()
  expect(names).toEqual(['b.png', 'c &#38; d.png', 'a.png'])
  expect(scores[0]).toEqual({
    score: expect.any(String),
    ict: [expect.closeTo(ictOf(250, 5), 6)],
    hp: expect.closeTo(hpOf(250), 6),
  })
  expect(page.match(/data-passed="\w+"/g)).toEqual([
    'data-passed="true"',
    'data-passed="false"',
    'data-passed="false"',
  ])
  for (const part of [
    'Ranking of 3 pictures',
    'weighted: 0.5·ICT + 0.5·HP',
    'HP above 0.6',
    PROMPT,
    'Not read (1)',
    'bad.png : The PNG file',
  ])
    expect(text).toContain(part)
  expect(text).toContain(
    `ICT fake/ict at 0123456789ab HP fake/hp at 0123456789ab precision fp32 device cpu runtime fake decoder fake icthp ${VERSION}`,
  )
  const { jpeg } = await createNodeCodecs('never')
  const first = await Promise.all(thumbnails.map(async (file) => (await jpeg(file)).data[0]!))
  expect(first.map((value) => Math.round(value / 10))).toEqual([25, 13, 1])
})

test('no image is decoded twice for it', async () => {
  await room.run(['rank', '.', '--prompt', PROMPT, '--html', 'report.html'])
  expect(room.log.filter((line) => line.startsWith('decode')).toSorted()).toEqual(
    ['a', 'b', 'bad', 'c & d'].map((name) => `decode ${name}.png`),
  )
})

test('a reader of the ranking that closes the pipe does not cost the report', async () => {
  const stop = new AbortController()
  const onWrite = (stream: 'out' | 'err'): void => void (stream === 'out' && stop.abort(new Stopped('EPIPE')))
  const { code } = await room.run(['rank', 'a.png', '--html', 'report.html'], {
    signal: stop.signal,
    onWrite,
  })
  expect([code, read().names]).toEqual([0, ['a.png']])
})

test('--top shows the best and tells of how many', async () => {
  await room.run(['rank', '.', '--only', 'hp', '--top', '1', '--html', 'report.html'])
  const { names, text } = read()
  expect(names).toEqual(['b.png'])
  expect(text).toContain('Ranking of 3 pictures Best first, by HP. Shown: the best 1.')
})

test('score --html keeps the order of the images, a score a prompt, and shows what was cut', async () => {
  const long = Array.from({ length: 100 }, (_, i) => (i === 99 ? 'end' : 'Word')).join(' ')
  const { code } = await room.run([
    'score',
    'b.png',
    'a.png',
    '-p',
    PROMPT,
    '-p',
    long,
    '--html',
    'out/deep/report.HTM',
    '-q',
  ])
  expect(code).toBe(0)
  const { names, scores, text, page } = read('out/deep/report.HTM')
  expect(names).toEqual(['b.png', 'a.png'])
  expect(scores[0]!.ict).toEqual([5, 77].map((tokens) => expect.closeTo(ictOf(250, tokens), 6)))
  expect(text).toContain('Scores of 2 pictures In the order given.')
  expect(text).toContain('Cut: it has 102 tokens, and the model reads 77.')
  expect(/<del>(.*?)<\/del>/.exec(page)![1]!.split(' ').filter(Boolean)).toEqual([
    ...Array.from({ length: 24 }, () => 'word'),
    'end',
  ])
})

test.each([
  ['c.png', "error: --html c.png does not end in .html. Name the report's file before the images."],
  ['folder.html', 'error: --html folder.html is a folder. Name a file.'],
  ['a.png/report.html', expect.stringMatching(/^error: --html a\.png\/report\.html cannot be written: E/)],
])('--html %s is told as wrong usage, before anything is loaded', async (file, message) => {
  await mkdir(join(room.folder, 'folder.html'))
  const { code, stderr } = await room.run(['rank', '--html', file, 'a.png'])
  expect([code, ...stderr.split('\n')]).toEqual([
    2,
    message,
    'Run `icthp rank --help` for what it takes.',
    '',
  ])
  expect(room.log).toEqual([])
})

test('an old report stays where a run fails', async () => {
  const old = '<meta name="generator" content="icthp 0.1.0">old'
  writeFileSync(join(room.folder, 'report.html'), old)
  const { code } = await room.run(['rank', 'a.png', '--model', 'empty', '--html', 'report.html'])
  expect([code, readFileSync(join(room.folder, 'report.html'), 'utf8')]).toEqual([1, old])
})

test('a page that icthp did not write is not written over; its own reports are, and empty files', async () => {
  const page = join(room.folder, 'notes.html')
  writeFileSync(page, '<p>mine</p>')
  const run = () => room.run(['score', 'a.png', '--only', 'hp', '--html', 'notes.html'])
  const refused = await run()
  expect([refused.code, refused.stderr, readFileSync(page, 'utf8')]).toEqual([
    1,
    expect.stringContaining(
      '--html notes.html is there already, and icthp did not write it. Name another file, or move it away.',
    ),
    '<p>mine</p>',
  ])
  writeFileSync(page, '')
  expect([(await run()).code, (await run()).code]).toEqual([0, 0])
  expect(readFileSync(page, 'utf8')).toContain('a.png')
})
