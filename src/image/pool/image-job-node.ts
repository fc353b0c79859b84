import { ImageError } from '../../base/errors.ts'
import { readWholeFile, UnfitFileError } from '../../base/files/read-file-node.ts'
import type { ImageCodecs } from '../codecs/image-codecs.ts'
import { decodeImage, toRgb } from '../decode-image.ts'
import { cropImage, type ImageCrop } from '../preprocess.ts'
import type { RawImage, RgbImage } from '../raw-image.ts'

/** A picture to read: a file, a file's bytes, or pixels. */
export type ImageSource =
  { readonly path: string } | { readonly bytes: Uint8Array } | { readonly raw: RawImage }

/** What a worker is asked: the crop of `size`, or the whole picture where there is no size. */
export interface ImageJob {
  readonly source: ImageSource
  readonly size: number | undefined
  readonly maxPixels: number
}

/** Does the job on the calling thread. Throws `ImageError`, and `signal.reason` where a file is silent. */
export async function runImageJob(
  job: ImageJob,
  codecs: ImageCodecs,
  signal?: AbortSignal,
): Promise<ImageCrop | RgbImage> {
  const { source, size } = job
  const image =
    'raw' in source
      ? source.raw
      : await decodeImage(
          'path' in source ? await readImageFile(source.path, signal) : source.bytes,
          codecs,
          job.maxPixels,
        )
  return size === undefined ? toRgb(image) : cropImage(image, { size })
}

/** More than the largest picture that is let pass takes in any format. */
const MAX_FILE_BYTES = 2 ** 30

/** A whole file of at most a gibibyte. Throws `ImageError` `image_not_found`, `image_unreadable`, `image_too_large`. */
export async function readImageFile(path: string | Buffer, signal?: AbortSignal): Promise<Uint8Array> {
  try {
    return await readWholeFile(path, MAX_FILE_BYTES, signal)
  } catch (cause) {
    signal?.throwIfAborted()
    if (cause instanceof UnfitFileError) throw unfit(cause, path)
    const { code } = cause as NodeJS.ErrnoException
    if (code === 'ENOENT' || code === 'ENOTDIR') {
      throw new ImageError(
        'image_not_found',
        `There is no such file. Check the path, and the folder it starts from.`,
        {
          path,
          cause,
        },
      )
    }
    if (code === 'ENAMETOOLONG') {
      throw new ImageError(
        'image_not_found',
        'There is no such file: its name is longer than this system lets names be. If it is an image as base64, put ' +
          '`data:image/png;base64,` in front of it, or decode it and pass the bytes.',
        { cause },
      )
    }
    const why = code === 'EACCES' || code === 'EPERM' ? 'permission is denied' : systemReason(cause as Error)
    throw new ImageError(
      'image_unreadable',
      `The file cannot be read: ${why}. Check its permissions and its disk.`,
      {
        path,
        cause,
      },
    )
  }
}

/** Without the path, which stands in front of the message already. */
const systemReason = ({ message }: Error): string => message.replace(/, \w+ '.*'$/s, '')

function unfit(cause: UnfitFileError, path: string | Buffer): ImageError {
  const { reason } = cause
  if (reason === 'folder')
    return new ImageError('image_unreadable', 'This is a folder. Name the images in it.', { path, cause })
  if (reason === 'device')
    return new ImageError('image_unreadable', 'This is a device, not a file. Name a file.', { path, cause })
  return new ImageError(
    'image_too_large',
    `The file has more than ${MAX_FILE_BYTES} bytes. Scale the image down.`,
    { path, cause },
  )
}
