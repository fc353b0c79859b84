import type * as Jimp from 'jimp'
import type * as Fonts from 'jimp/fonts'
import { InputError } from '../../base/errors.ts'

export type JimpModule = typeof Jimp

/** jimp and the addresses of its fonts. Throws `InputError` `input_package_missing` where it is not installed. */
export async function loadJimp(): Promise<{ readonly jimp: JimpModule; readonly fonts: typeof Fonts }> {
  try {
    const [jimp, fonts] = await Promise.all([import('jimp'), import('jimp/fonts')])
    // Older ones export no measures of text, or fonts that do not load as ESM.
    if (typeof jimp.measureText !== 'function') throw new Error('this jimp is older than 1.6')
    return { jimp, fonts }
  } catch (cause) {
    throw new InputError(
      'input_package_missing',
      'A sheet is drawn with jimp 1.6 or newer, which is not installed or does not load. Run `npm install jimp`.',
      { package: 'jimp', cause },
    )
  }
}
