import { readFileSync } from 'node:fs'
import { ClipTokenizer } from '../../../src/text/clip-tokenizer.ts'
import { END_OF_TEXT, START_OF_TEXT } from '../../../src/text/vocabulary.ts'
import type { FuzzTarget } from '../fuzz.ts'

const { texts: held } = JSON.parse(
  readFileSync(new URL('../../fixtures/text/texts.json', import.meta.url), 'utf8'),
) as { texts: { text: string }[] }
const tokenizer = new ClipTokenizer()

/** Any string, lone surrogates too, gets 2 to 77 ids, and the same ones from `inspect`. */
export const texts: FuzzTarget = {
  name: 'texts',
  corpus: held.flatMap(({ text }, i) => [
    [`utf-8 ${i}`, Buffer.from(text, 'utf8')] as const,
    [`utf-16le ${i}`, Buffer.from(text, 'utf16le')] as const,
  ]),
  run(mutant, name) {
    const text = Buffer.from(mutant).toString(name.startsWith('utf-8') ? 'utf8' : 'utf16le')
    const ids = tokenizer.encode(text)
    if (ids.length < 2 || ids.length > 77) throw new Error(`${ids.length} ids`)
    if (ids[0] !== START_OF_TEXT || ids.at(-1) !== END_OF_TEXT) throw new Error('no marks around the ids')
    if (!ids.every((id) => Number.isInteger(id) && id >= 0 && id <= END_OF_TEXT))
      throw new Error(`ids ${ids.join()}`)
    const seen = tokenizer.inspect(text)
    if (seen.ids.join() !== ids.join())
      throw new Error(`inspect has other ids: ${seen.ids.join()} for ${ids.join()}`)
    if (seen.truncated !== seen.count > 77)
      throw new Error(`truncated: ${seen.truncated} with ${seen.count} tokens`)
    return seen.truncated ? 'cut' : 'whole'
  },
}
