import { concatBytes } from '../../../base/bytes/concat-bytes.ts'

/** What an answer is made of. Numbers are Python floats, whole ones, too. */
export type Picklable = string | number | readonly Picklable[] | { readonly [key: string]: Picklable }

const utf8 = new TextEncoder()

/**
 * A pickle of protocol 4, which every Python 3 since 3.4 reads: dicts, lists, floats and texts. Frames and memos are left
 * out, since readers need neither.
 */
export function writePickle(value: Picklable): Uint8Array<ArrayBuffer> {
  const parts: ArrayLike<number>[] = [[0x80, 4]]
  write(value, parts)
  parts.push([0x2e])
  return concatBytes(parts) as Uint8Array<ArrayBuffer>
}

function write(value: Picklable, parts: ArrayLike<number>[]): void {
  if (typeof value === 'number') {
    const float = new DataView(new ArrayBuffer(9))
    float.setUint8(0, 0x47) // BINFLOAT
    float.setFloat64(1, value)
    parts.push(new Uint8Array(float.buffer))
  } else if (typeof value === 'string') {
    const bytes = utf8.encode(value)
    const size = new DataView(new ArrayBuffer(5))
    size.setUint8(0, 0x58) // BINUNICODE
    size.setUint32(1, bytes.length, true)
    parts.push(new Uint8Array(size.buffer), bytes)
  } else if (Array.isArray(value)) {
    parts.push([0x5d, 0x28]) // EMPTY_LIST, MARK
    for (const item of value as readonly Picklable[]) write(item, parts)
    parts.push([0x65]) // APPENDS
  } else {
    parts.push([0x7d, 0x28]) // EMPTY_DICT, MARK
    for (const [key, item] of Object.entries(value)) {
      write(key, parts)
      write(item, parts)
    }
    parts.push([0x75]) // SETITEMS
  }
}
