import { expect, test } from 'vitest'
import type { FolderView } from '../../../src/pairs/layouts/folder-view.ts'
import { readLayout } from '../../../src/pairs/layouts/layouts.ts'

/** A folder of files with texts, by their paths. */
function folderOf(files: Readonly<Record<string, string>>): FolderView {
  const below = (path: string): string[] =>
    Object.keys(files)
      .filter((name) => path === '' || name.startsWith(`${path}/`))
      .map((name) => name.slice(path === '' ? 0 : path.length + 1))
  return {
    list: async (path) =>
      [...new Set(below(path).map((name) => name.split('/')[0]!))].map((name) => ({
        name,
        isFolder: below(path).some((other) => other.startsWith(`${name}/`)),
      })),
    readText: async (path) => files[path]!,
    nameOf: (path) => `run/${path}`,
    imageSize: async () => undefined,
  }
}

const HPSV2 = { 'anime/00000.jpg': '', 'anime.json': '["a cat"]', 'photo/00000.jpg': '' }
const HPD = {
  'test/a.jpg': '',
  'test.json': '[{"prompt":"a cat","image_path":["a.jpg"]}]',
  'train/b.jpg': '',
}
const CUT = '["a dog",\n"a f'

test.each([
  ['hpsv2', { ...HPSV2, 'photo.json': CUT }, 'run/photo.json'],
  ['hpd', { ...HPD, 'train.json': CUT }, 'run/train.json'],
])('%s: pictures do not vanish with a list of prompts that is cut short', async (name, files, where) => {
  for (const options of [{}, { name }])
    await expect(readLayout(folderOf(files), options)).rejects.toMatchObject({
      code: 'input_invalid_table',
      details: { where, line: 2, column: 5 },
    })
})

test.each([
  ['hpsv2', HPSV2],
  ['hpd', HPD],
])('%s: other JSON beside a folder of its name is let be', async (name, files) => {
  const found = await readLayout(folderOf({ ...files, 'photo.json': '{"seed": 1}' }), { name })
  expect(found?.pairs).toHaveLength(1)
})

test('JSON that is cut short makes no layout of a folder that is none', async () => {
  const folder = folderOf({ 'notes/a.jpg': '', 'notes.json': CUT })
  expect(await readLayout(folder)).toBeUndefined()
})
