import { readFile, stat } from 'node:fs/promises'
import { ImageError } from '../../errors.ts'
import { decodeImage, toRgb } from '../decode-image.ts'
import type { ImageCodecs } from '../codecs/image-codecs.ts'
import { cropImage, type ImageCrop } from '../preprocess.ts'
import type { RawImage, RgbImage } from '../raw-image.ts'

/** A picture to read: a file, a file's bytes, or pixels. */
export type ImageSource = { readonly path: string } | { readonly bytes: Uint8Array } | { readonly raw: RawImage }

/** What a worker is asked: the crop of `size`, or the whole picture where there is no size. */
export interface ImageJob {
  readonly source: ImageSource
  readonly size: number | undefined
  readonly maxPixels: number
}

/** Does the job on the calling thread. Throws `ImageError`. */
export async function runImageJob(job: ImageJob, codecs: ImageCodecs): Promise<ImageCrop | RgbImage> {
  const { source, size } = job
  const image =
    'raw' in source
      ? source.raw
      : await decodeImage('path' in source ? await readImageFile(source.path) : source.bytes, codecs, job.maxPixels)
  return size === undefined ? toRgb(image) : cropImage(image, { size })
}

async function readImageFile(path: string): Promise<Uint8Array> {
  try {
    return await readFile(path)
  } catch (cause) {
    const { code } = cause as NodeJS.ErrnoException
    if (code === 'ENOENT' || code === 'ENOTDIR') {
      throw new ImageError('image_not_found', `There is no such file. Check the path, and the folder it starts from.`, {
        path,
        cause,
      })
    }
    if (code === 'EISDIR' || (await isFolder(path))) {
      throw new ImageError('image_unreadable', 'This is a folder. Name the images in it.', { path, cause })
    }
    const why = code === 'EACCES' || code === 'EPERM' ? 'permission is denied' : (cause as Error).message
    throw new ImageError('image_unreadable', `The file cannot be read: ${why}. Check its permissions and its disk.`, {
      path,
      cause,
    })
  }
}

const isFolder = (path: string): Promise<boolean> =>
  stat(path).then(
    (stats) => stats.isDirectory(),
    () => false,
  )
