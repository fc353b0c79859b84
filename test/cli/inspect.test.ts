import { expect, test } from 'vitest'
import { CLIP_PREPROCESS, normalise } from '../../src/image/preprocess.ts'
import { sha256 } from '../sha256.ts'
import { cliRoom } from './cli-room.ts'

const room = cliRoom()
const crop = new Uint8Array(224 * 224 * 3).fill(200)
const cropSha256 = sha256(crop)
const pixelValuesSha256 = sha256(
  normalise({ data: crop, size: 224, width: 30, height: 20 }, CLIP_PREPROCESS).data,
)

test('--json is an array with the hashes of what the towers see, and no model is opened', async () => {
  await room.write({ 'a.png': '200', 'b.png': '200' })
  const { code, stdout, stderr } = await room.run(['inspect', '*.png', '--json'])
  expect(JSON.parse(stdout)).toEqual(
    ['a.png', 'b.png'].map((file) => ({ file, width: 30, height: 20, cropSha256, pixelValuesSha256 })),
  )
  expect([code, stderr]).toEqual([0, ''])
  expect(room.log).toEqual(['decode a.png', 'decode b.png', 'dispose decoder'])
})

test('the table shortens hashes', async () => {
  await room.write({ 'a.png': '200' })
  const { stdout } = await room.run(['inspect', 'a.png'])
  expect(stdout).toBe(
    ' size  crop sha256       pixel_values sha256  image\n' +
      `30×20  ${cropSha256.slice(0, 16)}  ${pixelValuesSha256.slice(0, 16)}     a.png\n`,
  )
})

test('images that cannot be read are named, and the exit code is 3', async () => {
  await room.write({ 'a.png': '200', 'bad.png': 'x' })
  const { code, stdout, stderr } = await room.run(['inspect', 'bad.png', 'a.png', '--json'])
  expect(code).toBe(3)
  expect(JSON.parse(stdout)).toMatchObject([
    { file: 'a.png' },
    { file: 'bad.png', error: { code: 'image_unreadable' } },
  ])
  expect(stderr).toBe(
    'warning: bad.png: The PNG file cannot be decoded: it is not a number. (image_unreadable)\n',
  )
})

test('--no-sharp and --max-pixels reach the decoder', async () => {
  await room.write({ 'a.png': '200' })
  const asked: boolean[] = []
  const { decoder } = room.services
  room.services.decoder = (options) => {
    asked.push(options.sharp)
    return decoder(options)
  }
  expect((await room.run(['inspect', 'a.png', '--max-pixels', '500'])).code).toBe(3)
  expect((await room.run(['inspect', 'a.png', '--no-sharp'])).code).toBe(0)
  expect(asked).toEqual([true, false])
})

test('--text tells ids without padding', async () => {
  const { code, stdout } = await room.run(['inspect', '--text', 'A Red  fox', '--json'])
  expect(JSON.parse(stdout)).toEqual({
    ids: [49406, 320, 736, 3240, 49407],
    count: 5,
    truncated: false,
    cut: '',
  })
  expect(code).toBe(0)
  expect((await room.run(['inspect', '-t', 'A Red  fox'])).stdout).toBe(
    'ids        49406 320 736 3240 49407\ncount      5\ntruncated  no\n',
  )
})

test('--text tells what was cut', async () => {
  const { stdout } = await room.run(['inspect', '--text', `${'word '.repeat(75)}the end`, '--json'])
  const { ids, ...rest } = JSON.parse(stdout) as { ids: number[] }
  expect(ids).toHaveLength(77)
  expect(rest).toEqual({ count: 79, truncated: true, cut: 'the end' })
})

test.each([
  [['inspect'], 'There is nothing to inspect: give images, or --text TEXT.'],
  [['inspect', 'a.png', '--text', 'x'], 'Give images or --text, not both.'],
])('%j is wrong usage', async (args, message) => {
  expect(await room.run(args)).toEqual({
    code: 2,
    stdout: '',
    stderr: `error: ${message}\nRun \`icthp inspect --help\` for what it takes.\n`,
  })
})

test('a run that is stopped prints nothing', async () => {
  await room.write({ 'a.png': '200' })
  const stop = new AbortController()
  stop.abort(new Error('stopped'))
  expect(await room.run(['inspect', 'a.png', '--json'], { signal: stop.signal })).toEqual({
    code: 1,
    stdout: '',
    stderr: '',
  })
})
