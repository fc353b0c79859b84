import { get, getText, parseObject } from '../../prompts/json-value.ts'
import { foldersIn, imagesIn } from './folder-view.ts'
import { type Layout, type LayoutFailure, type LayoutPair, withoutPrompt } from './layout.ts'

export const DIFFUSIONDB: Layout = {
  name: 'diffusiondb',
  label: 'DiffusionDB',
  about: 'part-000001/ with pictures, and their prompts in part-000001/part-000001.json',
  async read(folder) {
    const parts = (await foldersIn(folder, '')).filter((name) => /^part-\d{6}$/.test(name))
    if (parts.length === 0) return undefined
    const pairs: LayoutPair[] = []
    const failures: LayoutFailure[] = []
    for (const part of parts) {
      const table = `${part}/${part}.json`
      const there = (await folder.list(part)).some(({ name }) => name === `${part}.json`)
      const rows = there ? parseObject(await folder.readText(table)) : undefined
      for (const name of await imagesIn(folder, part)) {
        const prompt = getText(get(rows, name), 'p')
        const image = `${part}/${name}`
        if (prompt === undefined) failures.push(withoutPrompt(image, `${table} has no prompt for it.`))
        else pairs.push({ image, prompt })
      }
    }
    return pairs.length > 0 ? { pairs, failures } : undefined
  },
}
