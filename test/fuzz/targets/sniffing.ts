import { ImageError } from '../../../src/base/errors.ts'
import { sniffImage } from '../../../src/image/sniff.ts'
import type { FuzzTarget } from '../fuzz.ts'
import { pictures } from './images.ts'

/** A header is read, to whole numbers, or refused with one of three codes. */
export const sniffing: FuzzTarget = {
  name: 'sniffing',
  corpus: pictures,
  run(mutant) {
    try {
      const { format, width, height } = sniffImage(mutant)
      if (!Number.isSafeInteger(width) || !Number.isSafeInteger(height) || width < 0 || height < 0) {
        throw new Error(`${format.name} of ${width}×${height} pixels`)
      }
      return format.name
    } catch (error) {
      if (error instanceof ImageError) return error.code
      throw error
    }
  },
}
