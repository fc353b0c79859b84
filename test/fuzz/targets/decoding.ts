import { InputError } from '../../../src/base/errors.ts'
import { decodeText } from '../../../src/text/decode-text.ts'
import type { FuzzTarget } from '../fuzz.ts'
import { texts } from './texts.ts'

const marks: Readonly<Record<string, readonly number[]>> = {
  'utf-8': [0xef, 0xbb, 0xbf],
  'utf-16le': [0xff, 0xfe],
}

/** A file of text is read, without NUL characters, or refused with its line and byte. */
export const decoding: FuzzTarget = {
  name: 'decoding',
  corpus: texts.corpus.flatMap(([name, bytes]) => [
    [name, bytes] as const,
    [`${name} with mark`, new Uint8Array([...marks[name.split(' ')[0]!]!, ...bytes])] as const,
  ]),
  run(mutant) {
    try {
      if (decodeText(mutant, 'mutant.txt').includes('\0')) throw new Error('a NUL in the text')
      return 'text'
    } catch (error) {
      if (!(error instanceof InputError) || error.code !== 'input_not_text') throw error
      const { line, byte } = error.details as { line: number; byte: number }
      if (!(line >= 1 && byte >= 0 && byte <= mutant.length))
        throw new Error(`line ${line}, byte ${byte}`, { cause: error })
      return error.code
    }
  },
}
