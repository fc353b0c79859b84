import { existsSync, readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { describe, expect, it } from 'vitest'
import { nodeFolder } from '../../../src/pairs/layouts/folder-view-node.ts'
import { readLayout } from '../../../src/pairs/layouts/layouts.ts'

/** Right answers that lie beside a checkout, not in the repository. */
const SETS = fileURLToPath(new URL('../../../../shared/golden/sets/', import.meta.url))
const LAYOUT: Readonly<Record<string, string>> = {
  geneval: 'geneval',
  dpg: 'dpg-bench',
  hpsv2: 'hpsv2',
  hpd: 'hpd',
  t2icompbench: 't2i-compbench',
  imagefolder_csv: 'imagefolder',
  imagefolder_jsonl: 'imagefolder',
  diffusiondb: 'diffusiondb',
  img2dataset: 'img2dataset',
}

interface Golden {
  readonly set: string
  readonly groups: readonly { readonly prompt: string; readonly images: readonly string[] }[]
  readonly ungrouped: readonly string[]
}

describe.skipIf(!existsSync(SETS))('layouts of shared/golden/sets', () => {
  const goldens = existsSync(SETS) ? (JSON.parse(readFileSync(`${SETS}groups.json`, 'utf8')) as Golden[]) : []

  for (const { set, groups, ungrouped } of goldens) {
    const name = LAYOUT[set]
    if (name === undefined) continue
    it.each([[undefined], [name]])(`${set}, asked for as %s`, async (asked) => {
      const folder = nodeFolder(`${SETS}${set}`, set)
      const found = (await readLayout(folder, { name: asked, resolution: 64 }))!
      expect(found.layout.name).toBe(name)
      expect(groupsOf(set, found.pairs)).toEqual(groups.map(({ prompt, images }) => ({ prompt, images })))
      const without = found.failures.filter(({ code }) => code === 'image_no_prompt')
      expect(without.map(({ image }) => `${set}/${image}`)).toEqual(ungrouped)
    })
  }

  it.each(['kohya', 'a1111_txt', 'easydiffusion', 'partiprompts', 'drawbench', 'webdataset'])(
    'none is seen in %s',
    async (set) => {
      expect(await readLayout(nodeFolder(`${SETS}${set}`, set))).toBeUndefined()
    },
  )
})

type Pairs = Awaited<ReturnType<typeof readLayout>> & object

/** In the words of groups.json, without what is not there. */
function groupsOf(set: string, pairs: Pairs['pairs']): { prompt: string; images: string[] }[] {
  const groups = new Map<string, { prompt: string; images: string[] }>()
  for (const { image, prompt, group = prompt, cell } of pairs) {
    if (!existsSync(`${SETS}${set}/${image}`)) continue
    const { left, top, width, height } = cell ?? { left: 0, top: 0, width: 0, height: 0 }
    const part = cell ? `#${left},${top},${left + width},${top + height}` : ''
    if (!groups.has(group)) groups.set(group, { prompt, images: [] })
    groups.get(group)!.images.push(`${set}/${image}${part}`)
  }
  return [...groups.values()]
}
