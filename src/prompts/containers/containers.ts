import { isAvif } from '../../image/formats/avif/container/avif-brands.ts'
import { isJpeg } from '../../image/formats/jpeg/headers/jpeg-markers.ts'
import { isPng } from '../../image/formats/png/png-chunks.ts'
import { isWebp } from '../../image/formats/webp/webp-container.ts'
import { TextFields } from '../text-fields.ts'
import { readAvif } from './avif-text.ts'
import { readJpeg } from './jpeg-text.ts'
import { readPng } from './png-text.ts'
import { latin1 } from './text-bytes.ts'
import { readWebp } from './webp-text.ts'

/** The texts of an image file; undefined where it is of a kind that none are looked for in. */
export async function readFields(bytes: Uint8Array): Promise<TextFields | undefined> {
  const head = latin1(bytes.subarray(0, 1024))
  const container = CONTAINERS.find(({ is }) => is(head))
  if (!container) return undefined
  const fields = new TextFields(container.name)
  await container.read(bytes, fields)
  return fields
}

const CONTAINERS: readonly {
  readonly name: string
  readonly is: (head: string) => boolean
  readonly read: (bytes: Uint8Array, fields: TextFields) => void | Promise<void>
}[] = [
  { name: 'PNG', is: isPng, read: readPng },
  { name: 'JPEG', is: isJpeg, read: readJpeg },
  { name: 'WebP', is: isWebp, read: readWebp },
  { name: 'AVIF', is: isAvif, read: readAvif },
]
