import { beforeEach, expect, test } from 'vitest'
import { DeviceError } from '../../../src/base/errors.ts'
import { cliRoom } from '../cli-room.ts'

const room = cliRoom()
const NAME = 'a-name-of-some-length.png'
beforeEach(() => room.write({ [NAME]: '200' }))

test('a terminal of no columns is one of 80', async () => {
  const { stdout, stderr } = await room.run(['score', NAME, NAME], { stdoutColumns: 0, stderrColumns: 0 })
  expect(stdout).toContain(`0.7572  ${NAME}\n`)
  expect(stderr).toContain('of 2 images')
})

test('a dumb terminal gets no escapes', async () => {
  let at = 0
  const { stdout, stderr } = await room.run(['score', NAME], {
    stdoutColumns: 80,
    stderrColumns: 80,
    env: { TERM: 'dumb' },
    now: () => (at += 40_000),
  })
  expect(stdout + stderr).not.toMatch(/[\x1b\r]/)
  expect(stderr).toContain('scoring')
})

test.each([
  [{ FORCE_COLOR: '1' }, undefined, true],
  [{ FORCE_COLOR: '', NO_COLOR: '1' }, undefined, true],
  [{ FORCE_COLOR: '3', TERM: 'dumb' }, undefined, true],
  [{ FORCE_COLOR: '0' }, 80, false],
  [{ FORCE_COLOR: 'false' }, 80, false],
  [{ NO_COLOR: '1' }, 80, false],
  [{ NO_COLOR: '' }, 80, true],
  [{}, undefined, false],
] as const)('%j on a terminal of %s columns: colours %s', async (env, columns, colours) => {
  const { stdout } = await room.run(['score', NAME], {
    env,
    ...(columns === undefined ? {} : { stdoutColumns: columns }),
  })
  expect(stdout.includes('\x1b[1m')).toBe(colours)
  const plain = await room.run(['score', NAME, '--no-color'], { env })
  expect(plain.stdout).not.toContain('\x1b')
})

test('a message of several lines is one line in a table, without escapes for its line ends', async () => {
  const message = 'It does not load:\n  libvulkan.so.1 is not there\r\nInstall it.'
  room.services.hub = async () => ({
    open: () => Promise.reject(new DeviceError('device_unavailable', message)),
  })
  const { stdout } = await room.run(['info'])
  expect(stdout).toContain(
    '  It does not load: libvulkan.so.1 is not there Install it. (device_unavailable)\n',
  )
  expect(stdout).not.toContain('\\u000')
})

test('equal prompts have columns of their own', async () => {
  const prompts = ['a', 'a', 'a (2)', 'b', 'a']
  const { stdout } = await room.run(['score', NAME, ...prompts.flatMap((prompt) => ['-p', prompt]), '--csv'])
  expect(stdout.split('\r\n')[0]).toBe(
    'image,ict: a,ict: a (2),ict: a (2) (2),ict: b,ict: a (3),hp,passed,model',
  )
})

test('the columns of CSV do not depend on thresholds; what nobody asked for is empty', async () => {
  for (const command of ['score', 'rank']) {
    const [plain, asked] = [
      await room.run([command, NAME, '--csv']),
      await room.run([command, NAME, '--csv', '--min-hp', '0.5']),
    ].map(({ stdout }) => stdout.split('\r\n').map((line) => line.split(',')))
    expect(plain![0]).toEqual(asked![0])
    const at = plain![0]!.indexOf('passed')
    expect([plain![1]![at], asked![1]![at]]).toEqual(['', 'true'])
  }
})

test.each(['product', 'softmax', 'weighted'])('%s with an ICT below 0', async (rule) => {
  // cos(2.35 - tokens / 10) is below 0 for short prompts.
  const { stderr } = await room.run(['rank', NAME, '-p', 'x', '--combine', rule])
  const below = await room.run(['rank', NAME, '-p', 'x', '--json', '-q'])
  expect(JSON.parse(below.stdout).results[0].ict).toBeGreaterThan(0)
  expect(stderr).not.toContain('below 0')
  const { services } = room
  const backend = await services.backend()
  services.backend = async () => ({
    ...backend,
    load: async (source, options) => {
      const session = await backend.load(source, options)
      if (!source.name.includes('text')) return session
      return {
        ...session,
        run: async (inputs, runOptions) => {
          const { text_embeds } = await session.run(inputs, runOptions)
          const data = (text_embeds!.data as Float32Array).map((value) => -value)
          return { text_embeds: { ...text_embeds!, data } as typeof text_embeds & object }
        },
      }
    },
  })
  const negative = await room.run(['rank', NAME, '-p', 'x', '--combine', rule])
  const note = `ICT is below 0 for 1 image, and ${rule} multiplies: among them a higher HP ranks lower.`
  expect(negative.stderr.includes(note)).toBe(rule !== 'weighted')
})
