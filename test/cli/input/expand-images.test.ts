import { symlink } from 'node:fs/promises'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { beforeEach, expect, test } from 'vitest'
import { UsageError } from '../../../src/cli/exit-codes.ts'
import { expandImages } from '../../../src/cli/input/expand-images.ts'
import { cliRoom } from '../cli-room.ts'

const room = cliRoom()
const expand = (args: readonly string[], recursive = false) =>
  expandImages(args, { cwd: room.folder, recursive })
const names = async (args: readonly string[], recursive = false): Promise<string[]> =>
  (await expand(args, recursive)).images.map(({ name }) => name)

beforeEach(() =>
  room.write(
    Object.fromEntries(
      [
        'x10.png',
        'x9.PNG',
        'x1.jpeg',
        'notes.txt',
        '.hidden.png',
        'odd[1].png',
        'sub/y2.webp',
        'sub/y1.webp',
        'sub/deep/z.avif',
        '.git/w.png',
        'none/a.txt',
      ].map((name) => [name, '']),
    ),
  ),
)

test('files keep their order and name, and are found from the working folder', async () => {
  const { images, failures } = await expand(['x10.png', './x1.jpeg'])
  expect(images).toEqual([
    { name: 'x10.png', input: join(room.folder, 'x10.png') },
    { name: './x1.jpeg', input: join(room.folder, 'x1.jpeg') },
  ])
  expect(failures).toEqual([])
})

test('folders give the images in them, in natural order', async () => {
  expect(await names(['.'])).toEqual(['odd[1].png', 'x1.jpeg', 'x9.PNG', 'x10.png'])
  expect(await names(['sub/'])).toEqual(['sub/y1.webp', 'sub/y2.webp'])
  expect(await names([join(room.folder, 'sub')])).toEqual([
    join(room.folder, 'sub/y1.webp'),
    join(room.folder, 'sub/y2.webp'),
  ])
})

test('--recursive goes below, but not into hidden folders', async () => {
  expect(await names(['.'], true)).toEqual([
    'odd[1].png',
    'sub/deep/z.avif',
    'sub/y1.webp',
    'sub/y2.webp',
    'x1.jpeg',
    'x9.PNG',
    'x10.png',
  ])
})

test('globs are expanded where the shell did not', async () => {
  expect(await names(['x*.png', 'sub/*.webp'])).toEqual(['x10.png', 'sub/y1.webp', 'sub/y2.webp'])
  expect(await names(['**/*.{webp,avif}'])).toEqual(['sub/deep/z.avif', 'sub/y1.webp', 'sub/y2.webp'])
  expect(await names([join(room.folder, 'x*.jpeg')])).toEqual([join(room.folder, 'x1.jpeg')])
  expect(await names(['sub/../x?.jpeg'])).toEqual(['x1.jpeg'])
})

test('a file whose name looks like a glob is that file', async () => {
  expect(await names(['odd[1].png'])).toEqual(['odd[1].png'])
})

test('URLs are handed on; file URLs are paths', async () => {
  const file = pathToFileURL(join(room.folder, 'x1.jpeg')).href
  const { images } = await expand(['https://example.org/a b.png?x=1', file])
  expect(images).toEqual([
    { name: 'https://example.org/a b.png?x=1', input: new URL('https://example.org/a%20b.png?x=1') },
    { name: file, input: join(room.folder, 'x1.jpeg') },
  ])
})

test('what leads to no image is told beside the others', async () => {
  const { images, failures } = await expand(['x1.jpeg', 'gone.png', 'gone-*.png', 'none', 'http://[/a.png'])
  expect(images).toHaveLength(1)
  expect(failures).toEqual([
    { image: 'gone.png', code: 'image_not_found', message: 'There is no image gone.png. Check the path.' },
    { image: 'gone-*.png', code: 'image_not_found', message: 'No file matches gone-*.png.' },
    {
      image: 'none',
      code: 'image_not_found',
      message: 'The folder none holds no images. With --recursive, the folders below it are searched, too.',
    },
    {
      image: 'http://[/a.png',
      code: 'image_not_found',
      message: 'http://[/a.png is not a URL that can be read. Check its spelling.',
    },
  ])
})

test('where nothing leads to an image, it is wrong usage', async () => {
  await expect(expand(['gone.png', 'none'])).rejects.toThrow(UsageError)
  await expect(expand(['gone.png'])).rejects.toThrow('There is no image gone.png. Check the path.')
})

test('hundreds of arguments of one folder are what each of them is by itself', async () => {
  const many = Array.from({ length: 200 }, (_, i) => `many/${i}.png`)
  await room.write(Object.fromEntries([...many, 'many/sub.png/in.png'].map((name) => [name, ''])))
  await symlink(join(room.folder, 'x10.png'), join(room.folder, 'many/link.png'))
  const odd = [
    'many/none.png',
    'many/sub.png',
    'many/link.png',
    'many/../x10.png',
    'many/7*.png',
    './many/3.png',
  ]
  const args = [...many.slice(0, 100), ...odd, ...many.slice(100), 'many/0.png']
  const together = await expand(args)
  const apart = await Promise.all(args.map((arg) => expand([arg]).catch(() => ({ images: [] }))))
  expect(together.images).toEqual(apart.flatMap(({ images }) => images))
  expect(together.images).toHaveLength(200 + 4 + 11 + 1)
  expect(together.failures).toEqual([
    expect.objectContaining({ image: 'many/none.png', code: 'image_not_found' }),
  ])
})
