import { InputError } from '../../base/errors.ts'
import { filesIn, foldersIn, type FolderView, imagesIn, stemOf, within } from './folder-view.ts'
import { readJsonList } from './json-list.ts'
import { type Layout, type LayoutFailure, type LayoutPair, withoutPrompt } from './layout.ts'

export const HPSV2: Layout = {
  name: 'hpsv2',
  label: "HPSv2's benchmark",
  about: 'anime.json with a list of prompts, and their pictures in anime/00000.jpg or model/anime/00000.jpg',
  async read(folder, { named }) {
    const pairs: LayoutPair[] = []
    const failures: LayoutFailure[] = []
    const folders = await foldersIn(folder, '')
    let found = false
    let damaged: InputError | undefined
    for (const file of await filesIn(folder, '')) {
      if (!/\.json$/i.test(file)) continue
      const style = stemOf(file)
      const places = await placesOf(folder, folders, style)
      const list = places.length > 0 ? await readJsonList(folder, file) : undefined
      if (list instanceof InputError) damaged ??= list
      const prompts = promptsIn(list)
      if (!prompts) continue
      for (const place of places) {
        for (const name of await imagesIn(folder, place)) {
          if (!/^\d+$/.test(stemOf(name))) continue
          found = true
          const image = `${place}/${name}`
          const prompt = prompts[Number(stemOf(name))]
          if (prompt === undefined)
            failures.push(withoutPrompt(image, `${file} has ${prompts.length} prompts, from 0 on.`))
          else pairs.push({ image, prompt, group: `${style}/${stemOf(name)}` })
        }
      }
    }
    if (damaged && (named || found)) throw damaged
    return found ? { pairs, failures } : undefined
  },
}

/** Where pictures of a style lie: in its folder, or in that of each model. */
async function placesOf(folder: FolderView, folders: readonly string[], style: string): Promise<string[]> {
  if (folders.includes(style)) return [style]
  const places: string[] = []
  for (const model of folders)
    if ((await foldersIn(folder, model)).includes(style)) places.push(within(model, style))
  return places
}

const promptsIn = (list: unknown): readonly string[] | undefined =>
  Array.isArray(list) && list.every((entry) => typeof entry === 'string') ? list : undefined
