import { ModelError, show } from '../../base/errors.ts'

/**
 * Splits a path inside a model folder, and refuses one that leaves it: manifests come from elsewhere, and their paths
 * are joined to folders of this machine. Throws `ModelError` `model_invalid_manifest`.
 */
export function modelPathSegments(path: string, source: string): string[] {
  const segments = path.split('/')
  // Backslashes and colons are separators and drives (or streams) on Windows, whatever they are here.
  const leaves =
    path === '' ||
    /[\\:\0]/.test(path) ||
    segments.some((part) => part === '' || part === '.' || part === '..')
  if (leaves) {
    throw new ModelError(
      'model_invalid_manifest',
      `${show(path)} is not a path inside the model folder ${source}. Get the model from a source that you trust.`,
      { path, source },
    )
  }
  return segments
}
