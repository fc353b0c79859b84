import { resolve } from 'node:path'
import { hidePasswords } from '../../base/hide-passwords.ts'
import { refuseLongText, shortName } from '../../image/inputs/not-a-path.ts'
import type { FoundImage } from '../named-image.ts'
import { isUrl, openUrl } from './image-url.ts'
import type { Named } from './named.ts'
import { RawFile } from './raw-file.ts'

/** An image of a list or a table: a path from `folder` on, or an address. That it is there shows when it is read. */
export function nameImage(given: string, folder: string): Named<FoundImage> {
  const name = shortName(hidePasswords(given))
  if (isUrl(given)) {
    const opened = openUrl(given)
    if ('refused' in opened) return { image: name, code: opened.code, message: opened.refused }
    return { name, input: 'raw' in opened ? new RawFile(name, opened.raw) : opened.input }
  }
  const refused = refuseLongText(given)
  if (refused) return { image: name, code: refused.code, message: refused.message }
  return { name, input: resolve(folder, given) }
}
