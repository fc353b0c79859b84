import { promptOfName } from '../../prompts/prompt-of-name.ts'
import { imagesIn, within } from './folder-view.ts'
import { type Layout, type LayoutFailure, type LayoutPair, withoutPrompt } from './layout.ts'

/** The last `_` and six digits are a number, for prompts hold `_`, too. */
const NUMBERED = /_\d{6}\.[^.]+$/

export const T2I_COMPBENCH: Layout = {
  name: 't2i-compbench',
  label: 'T2I-CompBench',
  about: 'pictures called after their prompts, samples/a green bench_000001.png',
  async read(folder, { named }) {
    for (const path of ['samples', '']) {
      const images = await imagesIn(folder, path)
      if (images.length === 0) continue
      // By itself only where all are called so: a camera numbers its pictures, too.
      const certain = images.every((name) => NUMBERED.test(name)) && images.some((name) => name.includes(' '))
      if (!certain && !named) continue
      const pairs: LayoutPair[] = []
      const failures: LayoutFailure[] = []
      for (const name of images) {
        const prompt = NUMBERED.test(name) ? promptOfName(name)?.prompt : undefined
        const image = within(path, name)
        if (prompt === undefined)
          failures.push(withoutPrompt(image, 'Its name is no prompt with a number behind it.'))
        else pairs.push({ image, prompt })
      }
      return { pairs, failures }
    }
    return undefined
  },
}
