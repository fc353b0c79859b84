import type { pairColumns } from '../pair-columns.ts'
import { tablePairs } from '../table-pairs.ts'
import { jsonLinesTable } from '../tables/json-lines-table.ts'
import { separatedTable } from '../tables/separated-table.ts'
import type { Table } from '../tables/table.ts'
import { filesIn, foldersIn, type FolderView, imagesIn, within } from './folder-view.ts'
import { type Layout, type LayoutFailure, type LayoutPair, withoutPrompt } from './layout.ts'
import { pathInside } from './path-inside.ts'

/** Folders of splits, and of data above them. */
const MOST_DEEP = 2
const PROMPTS = ['text', 'prompt', 'caption', 'description']

export const IMAGEFOLDER: Layout = {
  name: 'imagefolder',
  label: "Hugging Face's imagefolder",
  about: 'metadata.csv or metadata.jsonl with file_name and a text, beside its pictures or in each split',
  async read(folder) {
    const pairs: LayoutPair[] = []
    const failures: LayoutFailure[] = []
    for (const path of await foldersOfTables(folder, '', 0)) await readSplit(folder, path, pairs, failures)
    return pairs.length > 0 ? { pairs, failures } : undefined
  },
}

async function foldersOfTables(folder: FolderView, path: string, depth: number): Promise<string[]> {
  if (await tableIn(folder, path)) return [path]
  if (depth === MOST_DEEP) return []
  const found: string[] = []
  for (const name of await foldersIn(folder, path))
    found.push(...(await foldersOfTables(folder, within(path, name), depth + 1)))
  return found
}

const tableIn = async (folder: FolderView, path: string): Promise<string | undefined> => {
  const files = await filesIn(folder, path)
  return ['metadata.csv', 'metadata.jsonl'].find((name) => files.includes(name))
}

async function readSplit(
  folder: FolderView,
  path: string,
  pairs: LayoutPair[],
  failures: LayoutFailure[],
): Promise<void> {
  const name = (await tableIn(folder, path))!
  const file = within(path, name)
  const text = await folder.readText(file)
  const where = folder.nameOf(file)
  const table = name.endsWith('.csv') ? separatedTable(text, where, ',') : jsonLinesTable(text, where)
  const columns = columnsOf(table)
  const images = await imagesIn(folder, path, true)
  const without = new Set(images.map((image) => within(path, image)))
  if (!columns) {
    for (const image of without) failures.push(withoutPrompt(image, `${file} has no file_name with a text.`))
    return
  }
  for await (const { image: given, prompt, place } of tablePairs(
    rowsWithImages(table, columns.image),
    columns,
  )) {
    const image = pathInside(path, given)
    if (image === undefined) {
      const message = `${file}, line ${place} names it, and it leads out of its folder.`
      failures.push({ image: given, code: 'image_not_found', message })
    } else if (prompt !== undefined) {
      without.delete(image)
      pairs.push({ image, prompt })
    }
  }
  for (const image of without) failures.push(withoutPrompt(image, `${file} has no text for it.`))
}

function columnsOf(table: Table): ReturnType<typeof pairColumns> | undefined {
  const has = (names: readonly string[]): string[] => names.filter((name) => table.columns.includes(name))
  const image = has(['file_name', 'file_names'])
  const prompt = has(PROMPTS)
  return image.length > 0 && prompt.length > 0 ? { image, prompt, group: [] } : undefined
}

/** Rows may hold other pictures: the input and the output of an edit, which no text describes. */
const rowsWithImages = (table: Table, names: readonly string[]): Table => ({
  ...table,
  async *read(columns) {
    for await (const row of table.read(columns))
      if (names.some((name) => row.cells[name] !== undefined)) yield row
  },
})
