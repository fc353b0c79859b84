import { InputError, show } from '../../base/errors.ts'
import { DIFFUSIONDB } from './diffusiondb.ts'
import { DPG_BENCH } from './dpg-bench.ts'
import type { FolderView } from './folder-view.ts'
import { GENEVAL } from './geneval.ts'
import { HPD } from './hpd.ts'
import { HPSV2 } from './hpsv2.ts'
import { IMAGEFOLDER } from './imagefolder.ts'
import { IMG2DATASET } from './img2dataset.ts'
import type { Layout, LayoutPairs } from './layout.ts'
import { T2I_COMPBENCH } from './t2i-compbench.ts'

/** In the order in which they are looked for: those that say more of themselves first. */
export const LAYOUTS: readonly Layout[] = [
  GENEVAL,
  DIFFUSIONDB,
  IMG2DATASET,
  HPSV2,
  HPD,
  DPG_BENCH,
  IMAGEFOLDER,
  T2I_COMPBENCH,
]

export interface FoundLayout extends LayoutPairs {
  readonly layout: Layout
}

/**
 * The pictures and prompts of a folder in one of the layouts, or in that of a name; undefined where none is recognised.
 * Throws `InputError` where it is not laid out as the name says, and for files in it that cannot be read.
 */
export async function readLayout(
  folder: FolderView,
  { name, resolution }: { readonly name?: string | undefined; readonly resolution?: number | undefined } = {},
): Promise<FoundLayout | undefined> {
  if (name === undefined) {
    for (const layout of LAYOUTS) {
      const found = await layout.read(folder, { named: false, resolution })
      if (found && found.pairs.length > 0) return { ...found, layout }
    }
    return undefined
  }
  const layout = LAYOUTS.find((candidate) => candidate.name === name)
  if (!layout) {
    throw new InputError(
      'input_invalid_option',
      `There is no layout ${show(name)}. Known are ${LAYOUTS.map((known) => known.name).join(', ')}.`,
      { name },
    )
  }
  const found = await layout.read(folder, { named: true, resolution })
  if (found && found.pairs.length > 0) return { ...found, layout }
  throw new InputError(
    'input_invalid_option',
    `${folder.nameOf('')} is not laid out as ${layout.label}: ${layout.about}.`,
    { name },
  )
}
