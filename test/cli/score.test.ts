import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { cliRoom, hpOf, ictOf } from './cli-room.ts'

const room = cliRoom()
// Tokens with start and end: the fakes' text embedding depends on their number.
const [RED, BIRD] = ['a red fox', 'bird']
const ict = (pixel: number): unknown[] => [5, 3].map((tokens) => expect.closeTo(ictOf(pixel, tokens), 6))
const hp = (pixel: number): unknown => expect.closeTo(hpOf(pixel), 6)

test('--json is one document, each image with a score a prompt and HP', async () => {
  await room.write({ 'a.png': '200', 'b.png': '50' })
  const { code, stdout, stderr } = await room.run([
    'score',
    'b.png',
    'a.png',
    '-p',
    RED,
    '--prompt',
    BIRD,
    '--json',
  ])
  expect(JSON.parse(stdout)).toEqual({
    results: [
      { image: 'b.png', ict: ict(50), hp: hp(50) },
      { image: 'a.png', ict: ict(200), hp: hp(200) },
    ],
    prompts: [RED, BIRD],
    model: 'model',
    device: 'cpu',
    dtype: 'fp32',
    models: { ict: 'fake/ict', hp: 'fake/hp' },
  })
  expect(stderr).toBe('note: auto took cpu\n')
  expect(code).toBe(0)
})

test('both scorers share one decode of each image, and everything is freed, the backend last', async () => {
  await room.write({ 'a.png': '200', 'b.png': '50' })
  await room.run(['score', 'a.png', 'b.png', '-p', RED])
  expect(room.log.filter((line) => line.startsWith('decode'))).toEqual(['decode a.png', 'decode b.png'])
  const freed = room.log.filter((line) => line.startsWith('dispose'))
  expect(freed.toSorted()).toEqual([
    'dispose backend',
    'dispose decoder',
    'dispose fake/hp vision (fp32)',
    'dispose fake/ict text (fp32)',
    'dispose fake/ict vision (fp32)',
  ])
  expect(freed.slice(-2)).toEqual(['dispose decoder', 'dispose backend'])
})

test('without a prompt HP alone is loaded and scored', async () => {
  await room.write({ 'a.png': '200' })
  const { code, stdout, stderr } = await room.run(['score', 'a.png', '--json'])
  expect(JSON.parse(stdout)).toMatchObject({ results: [{ image: 'a.png', hp: hp(200) }], prompts: [] })
  expect(JSON.parse(stdout).results[0]).not.toHaveProperty('ict')
  expect(room.log.filter((line) => line.startsWith('load'))).toEqual(['load fake/hp vision (fp32)'])
  expect(stderr).toContain('note: no prompt, so HP alone is scored\n')
  expect(code).toBe(0)
})

test.each(['ict', 'hp'] as const)('--only %s loads no more', async (only) => {
  await room.write({ 'a.png': '200' })
  const { stdout } = await room.run(['score', 'a.png', '-p', RED, '--only', only, '--json'])
  expect(Object.keys(JSON.parse(stdout).results[0])).toEqual(['image', only])
  expect(
    room.log.filter((line) => line.startsWith('load')).every((line) => line.startsWith(`load fake/${only}`)),
  ).toBe(true)
})

test('--prompts-file adds its lines after the prompts of the line', async () => {
  await room.write({ 'a.png': '200', 'prompts.txt': '\uFEFFfirst\r\n\r\n  second \n' })
  const { stdout } = await room.run(['score', 'a.png', '--prompts-file', 'prompts.txt', '-p', RED, '--json'])
  expect(JSON.parse(stdout).prompts).toEqual([RED, 'first', '  second '])
})

test.each([
  [
    'UTF-16, as Windows writes it',
    Buffer.concat([Buffer.from([0xff, 0xfe]), Buffer.from('first\r\nzwei Äpfel\r\n', 'utf16le')]),
  ],
  [
    'UTF-16, big-endian',
    Buffer.concat([Buffer.from([0xfe, 0xff]), Buffer.from('first\r\nzwei Äpfel\r\n', 'utf16le').swap16()]),
  ],
  ['UTF-8', Buffer.from('first\nzwei Äpfel')],
])('--prompts-file in %s', async (_, bytes) => {
  await room.write({ 'a.png': '200' })
  await writeFile(join(room.folder, 'prompts.txt'), bytes)
  const { stdout } = await room.run(['score', 'a.png', '--prompts-file', 'prompts.txt', '--json'])
  expect(JSON.parse(stdout).prompts).toEqual(['first', 'zwei Äpfel'])
})

test.each([
  ['cp1252', Buffer.from('first\nzwei \xc4pfel', 'latin1'), 'line 2, byte 11'],
  ['GBK', Buffer.from([0xc1, 0xbd, 0xb8, 0xf6, 10]), 'line 1, byte 0'],
  ['UTF-16 without a mark', Buffer.from('two', 'utf16le'), 'line 1, byte 1'],
  ['UTF-16 that is cut', Buffer.from([0xff, 0xfe, 0x41, 0, 0x42]), 'line 1, byte 4'],
  [
    'UTF-16 with half a character',
    Buffer.from([0xff, 0xfe, 0x41, 0, 0x0a, 0, 0x42, 0, 0x00, 0xd8, 0x43, 0]),
    'line 2, byte 8',
  ],
  [
    'UTF-8 that is broken behind a U+FFFD that is meant',
    Buffer.from([0xef, 0xbf, 0xbd, 10, 0xff]),
    'line 2, byte 4',
  ],
  ['UTF-32', Buffer.from([0xff, 0xfe, 0, 0, 0x41, 0, 0, 0]), 'UTF-32'],
  ['a JPEG', Buffer.from([0xff, 0xd8, 0xff, 0xe0]), 'line 1, byte 0'],
])('--prompts-file in %s is refused, with its place', async (_, bytes, place) => {
  await room.write({ 'a.png': '200' })
  await writeFile(join(room.folder, 'prompts.txt'), bytes)
  const { code, stdout, stderr } = await room.run([
    'score',
    'a.png',
    '--prompts-file',
    'prompts.txt',
    '--json',
  ])
  expect({ code, stdout }).toEqual({ code: 2, stdout: '' })
  expect(stderr).toContain(place)
  expect(stderr).toContain('Save it as UTF-8')
})

test('--ndjson writes a line an image while the others are still under way', async () => {
  const names = Array.from({ length: 12 }, (_, i) => `${i}.png`)
  await room.write(Object.fromEntries(names.map((name, i) => [name, String(i)])))
  const decodedAt: number[] = []
  const onWrite = (stream: string): void => void (stream === 'out' && decodedAt.push(room.log.length))
  const { stdout } = await room.run(['score', ...names, '--batch-size', '1', '--ndjson'], { onWrite })
  const lines = stdout
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line) as { image: string })
  expect(lines.map(({ image }) => image)).toEqual(names)
  expect(lines[3]).toEqual({ image: '3.png', hp: hp(3), models: { hp: 'fake/hp' } })
  expect(decodedAt[0]).toBeLessThan(decodedAt.at(-1)!)
})

test('--csv is RFC 4180, with a column a prompt', async () => {
  await room.write({ 'a, "b".png': '200' })
  const { stdout } = await room.run([
    'score',
    '*.png',
    '-p',
    'one, two',
    '-p',
    BIRD,
    '--min-hp',
    '0.5',
    '--csv',
  ])
  const [header, row, end] = stdout.split('\r\n')
  expect(header).toBe('image,"ict: one, two",ict: bird,hp,passed,model')
  expect(row).toMatch(/^"a, ""b""\.png",0\.\d+,0\.\d+,0\.\d+,true,fake\/ict \+ fake\/hp$/)
  expect(end).toBe('')
  const one = await room.run(['score', '*.png', '-p', BIRD, '--csv'])
  expect(one.stdout.split('\r\n')[0]).toBe('image,ict,hp,passed,model')
})

test('the table is aligned, without colour where nobody watches', async () => {
  await room.write({ 'a.png': '200', 'long name.png': '0' })
  const { stdout } = await room.run(['score', '.', '-p', RED, '--min-hp', '0.6'])
  expect(stdout).toBe(
    [
      '    ict      hp  passed  image',
      ' 0.9599  0.7572  yes     a.png',
      ' 0.8776  0.1192  no      long name.png',
      '',
      'fake/ict + fake/hp, fp32 on cpu',
      '',
    ].join('\n'),
  )
})

test('several prompts are numbered in the table, and told above it', async () => {
  await room.write({ 'a.png': '200' })
  const { stdout } = await room.run(['score', 'a.png', '-p', RED, '-p', BIRD, '--only', 'ict'])
  expect(stdout.split('\n').slice(0, 4)).toEqual([
    `ict 1  ${RED}`,
    `ict 2  ${BIRD}`,
    '',
    '  ict 1    ict 2  image',
  ])
})

test('on a terminal the header is bold, long names are cut in the middle, control characters are shown', async () => {
  const name = `${'very-'.repeat(20)}long.png`
  await room.write({ [name]: '200', 'x\x1b[2Jy.png': '100' })
  const { stdout } = await room.run(['score', '.', '-q'], { stdoutColumns: 40 })
  expect(stdout.split('\n')).toEqual([
    '\x1b[1m    hp  image\x1b[0m',
    '0.7572  very-very-very-…ry-very-long.png',
    '0.3938  x\\u001b[2Jy.png',
    '',
    '\x1b[2mfake/hp, fp32 on cpu\x1b[0m',
    '',
  ])
  for (const quiet of [
    await room.run(['score', '.', '--no-color'], { stdoutColumns: 40 }),
    await room.run(['score', '.'], { stdoutColumns: 40, env: { NO_COLOR: '1' } }),
  ]) {
    expect(quiet.stdout).not.toContain('\x1b')
  }
})

test('--min-ict asks every prompt', async () => {
  await room.write({ 'a.png': '200' })
  const passed = async (min: number): Promise<unknown> => {
    const { stdout } = await room.run([
      'score',
      'a.png',
      '-p',
      RED,
      '-p',
      BIRD,
      '--min-ict',
      String(min),
      '--json',
    ])
    return JSON.parse(stdout).results[0].passed
  }
  expect([ictOf(200, 5), ictOf(200, 3)].map((score) => score.toFixed(2))).toEqual(['0.96', '0.88'])
  expect([await passed(0.8), await passed(0.9), await passed(0.99)]).toEqual([true, false, false])
})

test('images that cannot be read are named, the others scored, and the exit code is 3', async () => {
  await room.write({ 'a.png': '200', 'bad.png': 'not an image', 'b.png': '50' })
  const args = ['score', 'a.png', 'nowhere.png', 'bad.png', 'b.png', '-q']
  const json = await room.run([...args, '--json'])
  expect(json.code).toBe(3)
  expect(JSON.parse(json.stdout)).toMatchObject({
    results: [{ image: 'a.png' }, { image: 'b.png' }],
    errors: [
      {
        image: 'nowhere.png',
        code: 'image_not_found',
        message: 'There is no image nowhere.png. Check the path.',
      },
      {
        image: 'bad.png',
        code: 'image_unreadable',
        message: 'The PNG file cannot be decoded: it is not a number.',
      },
    ],
  })
  expect(json.stderr).toBe(
    'warning: There is no image nowhere.png. Check the path. (image_not_found)\n' +
      'warning: bad.png: The PNG file cannot be decoded: it is not a number. (image_unreadable)\n',
  )
  const ndjson = await room.run([...args, '--ndjson'])
  expect(ndjson.code).toBe(3)
  expect(
    ndjson.stdout
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line)),
  ).toEqual([
    {
      image: 'nowhere.png',
      error: { code: 'image_not_found', message: 'There is no image nowhere.png. Check the path.' },
    },
    {
      image: 'bad.png',
      error: { code: 'image_unreadable', message: 'The PNG file cannot be decoded: it is not a number.' },
    },
    { image: 'a.png', hp: hp(200), models: { hp: 'fake/hp' } },
    { image: 'b.png', hp: hp(50), models: { hp: 'fake/hp' } },
  ])
  const csv = await room.run([...args, '--csv'])
  expect([csv.code, csv.stdout.split('\r\n').length]).toEqual([3, 4])
})

test('--max-pixels reaches the decoder', async () => {
  await room.write({ 'a.png': '200' })
  const { code, stderr } = await room.run(['score', 'a.png', '--max-pixels', '500', '-q', '--json'])
  expect([code, stderr]).toEqual([3, 'warning: a.png: It has 600 pixels. (image_too_large)\n'])
})

test('a prompt that is too long is told, with what is not read', async () => {
  await room.write({ 'a.png': '200' })
  const long = Array.from({ length: 100 }, (_, i) => (i === 99 ? 'end' : 'word')).join(' ')
  const { code, stderr } = await room.run(['score', 'a.png', '-p', RED, '-p', long, '--json'])
  expect(code).toBe(0)
  expect(stderr).toMatch(
    /warning: prompt 2 is cut: it has 102 tokens, and the model reads 77\. Not read: "word word .*…/,
  )
})
