import { pairColumns } from '../pair-columns.ts'
import { separatedTable } from '../tables/separated-table.ts'
import { filesIn, type FolderView, imagesIn, stemOf } from './folder-view.ts'
import { type ImageCell, type Layout, type LayoutFailure, type LayoutPair, withoutPrompt } from './layout.ts'

export const DPG_BENCH: Layout = {
  name: 'dpg-bench',
  label: 'DPG-Bench',
  about: 'images/ID.png (of one picture or of four, by --resolution) and prompts/ID.txt or dpg_bench.csv',
  async read(folder, { resolution }) {
    const images = await imagesIn(folder, 'images')
    const promptOf = images.length > 0 ? await promptsIn(folder) : undefined
    if (!promptOf) return undefined
    const pairs: LayoutPair[] = []
    const failures: LayoutFailure[] = []
    let cut = 0
    for (const name of images) {
      const image = `images/${name}`
      const prompt = await promptOf(stemOf(name))
      if (prompt === undefined) {
        failures.push(withoutPrompt(image, `There is no prompt of ${stemOf(name)}.`))
        continue
      }
      const cells = resolution === undefined ? [] : cellsOf(await folder.imageSize(image), resolution)
      if (cells.length > 0) cut++
      const group = stemOf(name)
      pairs.push(
        ...(cells.length > 0
          ? cells.map((cell) => ({ image, prompt, group, cell }))
          : [{ image, prompt, group }]),
      )
    }
    const whole =
      'each file is taken as one picture; where four stand in one, --resolution N tells the side of one'
    const notes = resolution === undefined ? [whole] : [`${cut} of ${images.length} files hold four pictures`]
    return pairs.length > 0 ? { pairs, failures, notes } : undefined
  },
}

type FindPrompt = (id: string) => Promise<string | undefined>

async function promptsIn(folder: FolderView): Promise<FindPrompt | undefined> {
  const texts = new Set((await filesIn(folder, 'prompts')).filter((name) => name.endsWith('.txt')))
  if (texts.size > 0)
    return async (id) =>
      texts.has(`${id}.txt`) ? (await folder.readText(`prompts/${id}.txt`)).trim() || undefined : undefined
  if (!(await filesIn(folder, '')).includes('dpg_bench.csv')) return undefined
  const table = separatedTable(await folder.readText('dpg_bench.csv'), folder.nameOf('dpg_bench.csv'), ',')
  const columns = pairColumns(table, { image: 'item_id', prompt: 'text' })
  const prompts = new Map<string, string>()
  // Each prompt has a row for each question about it.
  for await (const { cells } of table.read([...columns.image, ...columns.prompt]))
    prompts.set(String(cells['item_id']), String(cells['text']))
  return async (id) => prompts.get(id)
}

/** Four pictures, row by row, where a file is twice as wide and as high as one. */
function cellsOf(
  size: { readonly width: number; readonly height: number } | undefined,
  side: number,
): readonly ImageCell[] {
  if (size?.width !== 2 * side || size.height !== 2 * side) return []
  return [0, side].flatMap((top) => [0, side].map((left) => ({ left, top, width: side, height: side })))
}
