import { DatasetError, ImageError } from '../../base/errors.ts'

/** An image that a table or a list names. */
export const missingImage = (address: string): ImageError =>
  new ImageError('image_not_found', `There is no ${address}. Check what names it.`, { image: address })

export const missingShard = (address: string): DatasetError =>
  new DatasetError(
    'dataset_source_invalid',
    `There is no ${address} any more. Put it back, or start anew with another --out.`,
    { source: address },
  )

export const damagedShard = (address: string, why: string, cause?: unknown): DatasetError =>
  new DatasetError(
    'dataset_shard_damaged',
    `${address} is damaged: ${why}. Make it again; the others go on.`,
    {
      source: address,
      ...(cause === undefined ? {} : { cause }),
    },
  )
