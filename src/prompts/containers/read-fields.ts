import { brands } from '../../image/strangers.ts'
import { TextFields } from '../text-fields.ts'
import { readAvif } from './avif-text.ts'
import { latin1, startsWith } from './decode-text.ts'
import { readJpeg } from './jpeg-text.ts'
import { isPng, readPng } from './png-text.ts'
import { readWebp } from './webp-text.ts'

/** The texts of an image file; undefined where it is of a kind that none are looked for in. */
export async function readFields(bytes: Uint8Array): Promise<TextFields | undefined> {
  if (isPng(bytes)) return filled('PNG', bytes, readPng)
  if (startsWith(bytes, '\xff\xd8\xff')) return filled('JPEG', bytes, readJpeg)
  if (startsWith(bytes, 'RIFF') && startsWith(bytes, 'WEBP', 8)) return filled('WebP', bytes, readWebp)
  const isAvif = brands(latin1(bytes.subarray(0, 1024))).some((brand) => /^avi[fs]$/.test(brand))
  return isAvif ? filled('AVIF', bytes, readAvif) : undefined
}

async function filled(
  name: string,
  bytes: Uint8Array,
  read: (bytes: Uint8Array, fields: TextFields) => void | Promise<void>,
): Promise<TextFields> {
  const fields = new TextFields(name)
  await read(bytes, fields)
  return fields
}
