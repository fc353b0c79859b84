import { stat } from 'node:fs/promises'
import type { ErrorCode } from '../../base/errors.ts'
import type { FoundImage, ImageFailure } from '../named-image.ts'

/** What an argument leads to. */
export interface Found {
  readonly images: readonly FoundImage[]
  readonly failures: readonly ImageFailure[]
}

/** Where an argument leads to nothing. */
export const fail = (image: string, code: ErrorCode, message: string): Found => ({
  images: [],
  failures: [{ image, code, message }],
})

type There =
  { readonly kind: 'file' | 'folder' | 'nothing' } | { readonly kind: 'closed'; readonly why: string }

export async function look(path: string | Buffer): Promise<There> {
  try {
    return { kind: (await stat(path)).isDirectory() ? 'folder' : 'file' }
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    // A bracket or a star is no name on Windows, which says so by EINVAL.
    const missing = ['ENOENT', 'ENOTDIR', 'ENAMETOOLONG', 'EINVAL', 'ERR_INVALID_ARG_VALUE']
    return missing.includes(code ?? '') ? { kind: 'nothing' } : { kind: 'closed', why: systemReason(error) }
  }
}

export function unreadFolder(folder: string, error: unknown): ImageFailure {
  const message = `The folder ${folder} cannot be read: ${systemReason(error)}. The images in it, if any, were left out.`
  return { image: folder, code: 'image_unreadable', message }
}

function systemReason(error: unknown): string {
  const { code, message } = error as NodeJS.ErrnoException
  if (code === 'EACCES' || code === 'EPERM') return 'permission is denied'
  if (code === 'ELOOP') return 'its links lead in a circle'
  return message.replace(/, \w+ '.*'$/s, '')
}

export const lastPart = (path: Buffer): Buffer => path.subarray(path.lastIndexOf(0x2f) + 1)
