import { createHash } from 'node:crypto'

/** In lower-case hexadecimal. */
export const sha256 = (data: ArrayBufferView | string): string =>
  createHash('sha256')
    .update(data as Uint8Array | string)
    .digest('hex')
