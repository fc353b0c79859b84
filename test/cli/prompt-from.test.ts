import { copyFile, symlink } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { expect, test } from 'vitest'
import { cliRoom, hpOf, ictOf } from './cli-room.ts'

const room = cliRoom()
const fixtures = fileURLToPath(new URL('../fixtures/prompts/', import.meta.url))

/** Real files with prompts in them, which the fake decoder sees as gray. */
async function pictures(...names: string[]): Promise<void> {
  for (const name of names) await copyFile(fixtures + name, join(room.folder, name))
  const { decoder } = room.services
  room.services.decoder = async (options) => ({
    ...(await decoder(options)),
    crop: async (_image, { size }) => ({
      data: new Uint8Array(size * size * 3).fill(100),
      size,
      width: 8,
      height: 8,
    }),
  })
}
const rows = (stdout: string): Record<string, unknown>[] =>
  (JSON.parse(stdout) as { results: Record<string, unknown>[] }).results

test('score takes each image by the prompt in its file; --plain takes the syntax off, and a note tells where it is not', async () => {
  await pictures('comfy.png', 'fooocus.jpg')
  const args = ['score', 'comfy.png', 'fooocus.jpg', '--prompt-from', 'metadata', '--json']
  const { code, stdout, stderr } = await room.run(args)
  expect(code).toBe(0)
  expect(rows(stdout).map(({ image, prompt }) => [image, prompt])).toEqual([
    ['comfy.png', 'a (wide:1.2) [fen] <lora:x:1>'],
    ['fooocus.jpg', 'a tin drum'],
  ])
  expect(JSON.parse(stdout)).not.toHaveProperty('prompts')
  expect(stderr).toBe(
    'note: auto took cpu\nnote: 1 prompt holds weights, tags or other syntax of its generator, which is scored as it stands; --plain takes it off\n',
  )
  const plain = await room.run([...args, '--plain'])
  expect(rows(plain.stdout)[0]).toMatchObject({ prompt: 'a wide [fen]' })
  expect(plain.stderr).toBe('note: auto took cpu\n')
})

test('an image without a prompt is that image’s error, and the run goes on', async () => {
  await pictures('none.png', 'fooocus.jpg', 'comfy-runtime.png')
  const { code, stdout } = await room.run([
    'score',
    'none.png',
    'fooocus.jpg',
    'comfy-runtime.png',
    '--prompt-from',
    'metadata',
    '--json',
  ])
  expect(code).toBe(3)
  expect(JSON.parse(stdout)).toMatchObject({
    results: [{ image: 'fooocus.jpg' }],
    errors: [
      { image: 'none.png', code: 'image_no_prompt' },
      { image: 'comfy-runtime.png', code: 'image_no_prompt' },
    ],
  })
})

test('rank orders by the score of each image with the prompt beside it, and keeps places in the input', async () => {
  await room.write({
    'a.png': '10',
    'a.txt': 'one two',
    'b.png': '200',
    'c.png': '90',
    'c.caption': 'three\nmore',
  })
  const { code, stdout } = await room.run([
    'rank',
    '*.png',
    '--prompt-from',
    'sidecar',
    '--combine',
    'product',
    '--json',
  ])
  expect(code).toBe(3)
  // Start and end, and a token a word.
  const scores = { a: ictOf(10, 4) * hpOf(10), c: ictOf(90, 3) * hpOf(90) }
  expect(rows(stdout)).toEqual([
    expect.objectContaining({
      image: 'c.png',
      prompt: 'three',
      index: 2,
      rank: 1,
      score: expect.closeTo(scores.c, 6) as number,
    }),
    expect.objectContaining({
      image: 'a.png',
      prompt: 'one two',
      index: 0,
      rank: 2,
      score: expect.closeTo(scores.a, 6) as number,
    }),
  ])
})

test.skipIf(process.platform !== 'linux')('a sidecar that cannot be read is that image’s error', async () => {
  await room.write({ 'a.png': '10', 'b.png': '20', 'b.txt': 'one' })
  // As it is on a disk that fails: there, and not to be read.
  await symlink('/proc/self/mem', join(room.folder, 'a.txt'))
  const { code, stdout } = await room.run(['score', '*.png', '--prompt-from', 'sidecar', '--json'])
  expect(code).toBe(3)
  expect(JSON.parse(stdout)).toMatchObject({
    results: [{ image: 'b.png' }],
    errors: [
      {
        image: 'a.png',
        code: 'image_no_prompt',
        message: expect.stringMatching(/a\.txt beside it cannot be read \(EIO/) as string,
      },
    ],
  })
})

test('names, and a column of prompts in CSV', async () => {
  await room.write({ 'a red fox_000001.png': '10', 'IMG_1.png': '10' })
  const { code, stdout, stderr } = await room.run([
    'score',
    'a red fox_000001.png',
    'IMG_1.png',
    '--prompt-from',
    'name',
    '--csv',
  ])
  expect(code).toBe(3)
  const [head, row, ...rest] = stdout.trimEnd().split(/\r?\n/)
  expect(head).toBe('image,prompt,ict,hp,passed,model')
  expect(row).toMatch(/^a red fox_000001\.png,a red fox,/)
  expect(rest).toEqual([])
  expect(stderr).toContain('IMG_1.png: Its name holds no prompt')
})

test('--prompt and --prompt-from do not go together; --plain is for --prompt, too', async () => {
  await room.write({ 'a.png': '10' })
  const both = await room.run(['score', 'a.png', '--prompt', 'x', '--prompt-from', 'name'])
  expect(both.code).toBe(2)
  const { stdout } = await room.run(['score', 'a.png', '--prompt', 'a (red:1.2) fox', '--plain', '--json'])
  expect(JSON.parse(stdout)).toMatchObject({ prompts: ['a red fox'] })
})

test('inspect --json shows the prompt', async () => {
  await pictures('swarmui.jpg', 'none.png')
  const { stdout } = await room.run(['inspect', 'swarmui.jpg', 'none.png', '--json'])
  const [found, none] = JSON.parse(stdout) as Record<string, unknown>[]
  expect(found!['prompt']).toEqual({
    prompt: 'two <random:cups|mugs> <segment:face> a smile',
    negative: 'mud',
    plain: 'two cups',
    format: 'swarmui',
    where: 'JPEG Exif UserComment',
  })
  expect(none).not.toHaveProperty('prompt')
})
