import { getText, parseObject } from '../../prompts/json-value.ts'
import { filesIn, foldersIn, imagesIn, stemOf } from './folder-view.ts'
import { type Layout, type LayoutFailure, type LayoutPair, withoutPrompt } from './layout.ts'

export const GENEVAL: Layout = {
  name: 'geneval',
  label: 'GenEval',
  about: '00000/metadata.jsonl with a prompt, and its pictures in 00000/samples/',
  async read(folder) {
    const numbered = (await foldersIn(folder, '')).filter((name) => /^\d{5,}$/.test(name))
    const pairs: LayoutPair[] = []
    const failures: LayoutFailure[] = []
    let found = false
    for (const group of numbered) {
      const samples = (await imagesIn(folder, `${group}/samples`)).filter((name) =>
        /^\d+$/.test(stemOf(name)),
      )
      const told = (await filesIn(folder, group)).includes('metadata.jsonl')
      found ||= told && samples.length > 0
      const prompt = told ? promptIn(await folder.readText(`${group}/metadata.jsonl`)) : undefined
      for (const name of samples) {
        const image = `${group}/samples/${name}`
        if (prompt === undefined)
          failures.push(withoutPrompt(image, `${group}/metadata.jsonl names no prompt.`))
        else pairs.push({ image, prompt, group })
      }
    }
    return found ? { pairs, failures } : undefined
  },
}

/** The file is called JSONL, and holds one object. */
const promptIn = (text: string): string | undefined =>
  getText(parseObject(text.trimStart().split(/\r?\n/, 1)[0]), 'prompt')
