import { get, getText } from '../../prompts/json-value.ts'
import { filesIn, foldersIn, stemOf } from './folder-view.ts'
import { type Layout, type LayoutFailure, type LayoutPair } from './layout.ts'
import { pathInside } from './path-inside.ts'

export const HPD: Layout = {
  name: 'hpd',
  label: 'HPD',
  about: 'test.json with rows of a prompt and an image_path list, and their pictures in test/',
  async read(folder) {
    const folders = await foldersIn(folder, '')
    const pairs: LayoutPair[] = []
    const failures: LayoutFailure[] = []
    for (const file of await filesIn(folder, '')) {
      const place = stemOf(file)
      if (!/\.json$/i.test(file) || !folders.includes(place)) continue
      for (const [row, { prompt, paths }] of rowsOf(await folder.readText(file)).entries()) {
        for (const path of paths) {
          const image = pathInside(place, path)
          if (image !== undefined) pairs.push({ image, prompt, group: `${place} ${row}` })
          else
            failures.push({
              image: path,
              code: 'image_not_found',
              message: `${file}, row ${row + 1} names it, and it leads out of ${place}/.`,
            })
        }
      }
    }
    return pairs.length > 0 ? { pairs, failures } : undefined
  },
}

function rowsOf(text: string): { readonly prompt: string; readonly paths: readonly string[] }[] {
  let list: unknown
  try {
    list = JSON.parse(text)
  } catch {
    return []
  }
  if (!Array.isArray(list)) return []
  return list.flatMap((row: unknown) => {
    const prompt = getText(row, 'prompt')
    const paths = get(row, 'image_path')
    if (prompt === undefined || !Array.isArray(paths)) return []
    return [{ prompt, paths: paths.filter((path) => typeof path === 'string') }]
  })
}
