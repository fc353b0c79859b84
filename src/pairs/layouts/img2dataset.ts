import { getText, parseObject } from '../../prompts/json-value.ts'
import { filesIn, foldersIn, type FolderView, isImageName, stemOf } from './folder-view.ts'
import { type Layout, type LayoutFailure, type LayoutPair, withoutPrompt } from './layout.ts'

export const IMG2DATASET: Layout = {
  name: 'img2dataset',
  label: 'img2dataset',
  about: '00000/000000000.jpg with its caption in .json or .txt, and 00000_stats.json',
  async read(folder, { named }) {
    const shards = (await foldersIn(folder, '')).filter((name) => /^\d{5,}$/.test(name))
    const files = new Set(await filesIn(folder, ''))
    if (!named && !shards.some((shard) => files.has(`${shard}_stats.json`))) return undefined
    const pairs: LayoutPair[] = []
    const failures: LayoutFailure[] = []
    for (const shard of shards) {
      const names = await filesIn(folder, shard)
      const there = new Set(names)
      for (const name of names.filter(isImageName)) {
        const image = `${shard}/${name}`
        const prompt = await captionOf(folder, shard, stemOf(name), there)
        if (prompt === undefined)
          failures.push(withoutPrompt(image, 'Neither .json nor .txt beside it has a caption.'))
        else pairs.push({ image, prompt })
      }
    }
    return pairs.length > 0 ? { pairs, failures } : undefined
  },
}

async function captionOf(
  folder: FolderView,
  shard: string,
  key: string,
  there: ReadonlySet<string>,
): Promise<string | undefined> {
  const object = there.has(`${key}.json`)
    ? parseObject(await folder.readText(`${shard}/${key}.json`))
    : undefined
  const caption = getText(object, 'caption')
  if (caption !== undefined) return caption
  const text = there.has(`${key}.txt`) ? await folder.readText(`${shard}/${key}.txt`) : ''
  return text.trim() === '' ? undefined : text
}
