import type * as Jimp from 'jimp'
import type * as Fonts from 'jimp/fonts'
import { InputError } from '../../base/errors.ts'

export type JimpModule = typeof Jimp

/** jimp and the addresses of its fonts. Throws `InputError` `input_package_missing` where it is not installed. */
export async function loadJimp(): Promise<{ readonly jimp: JimpModule; readonly fonts: typeof Fonts }> {
  try {
    const [jimp, fonts] = await Promise.all([import('jimp'), import('jimp/fonts')])
    return { jimp, fonts }
  } catch (cause) {
    throw new InputError(
      'input_package_missing',
      'A sheet is drawn with jimp, which is not installed or does not load. Run `npm install jimp`.',
      { package: 'jimp', cause },
    )
  }
}
