import { InputError } from '../../base/errors.ts'
import { get, getText } from '../../prompts/json-value.ts'
import { filesIn, foldersIn, stemOf } from './folder-view.ts'
import { readJsonList } from './json-list.ts'
import { type Layout, type LayoutFailure, type LayoutPair } from './layout.ts'
import { pathInside } from './path-inside.ts'

export const HPD: Layout = {
  name: 'hpd',
  label: 'HPD',
  about: 'test.json with rows of a prompt and an image_path list, and their pictures in test/',
  async read(folder, { named }) {
    const folders = await foldersIn(folder, '')
    const pairs: LayoutPair[] = []
    const failures: LayoutFailure[] = []
    let damaged: InputError | undefined
    for (const file of await filesIn(folder, '')) {
      const place = stemOf(file)
      if (!/\.json$/i.test(file) || !folders.includes(place)) continue
      const list = await readJsonList(folder, file)
      if (list instanceof InputError) damaged ??= list
      else
        for (const [row, { prompt, paths }] of rowsOf(list ?? []).entries()) {
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
    if (damaged && (named || pairs.length > 0)) throw damaged
    return pairs.length > 0 ? { pairs, failures } : undefined
  },
}

function rowsOf(list: readonly unknown[]): { readonly prompt: string; readonly paths: readonly string[] }[] {
  return list.flatMap((row: unknown) => {
    const prompt = getText(row, 'prompt')
    const paths = get(row, 'image_path')
    if (prompt === undefined || !Array.isArray(paths)) return []
    return [{ prompt, paths: paths.filter((path) => typeof path === 'string') }]
  })
}
