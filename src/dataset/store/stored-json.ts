import { DatasetError } from '../../base/errors.ts'

/**
 * JSON that icthp has written into an output. Throws `DatasetError` `dataset_part_damaged` where it is not as it was: a disk that
 * was full, a copy that broke off, an editor.
 */
export function storedJson<T>(bytes: Uint8Array, where: string, fits: (value: T) => boolean): T {
  const value = parsed(new TextDecoder().decode(bytes)) as T
  if (typeof value === 'object' && value !== null && fits(value)) return value
  throw new DatasetError(
    'dataset_part_damaged',
    `${where} is damaged: it is not what icthp writes there. Bring it back from a copy, or start anew with another --out.`,
    { where },
  )
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}
