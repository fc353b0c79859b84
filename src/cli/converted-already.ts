import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { VERSION } from '../base/version.ts'
import type { ModelKind } from '../models/kinds.ts'
import { type Dtype, heldDtypes, MANIFEST_NAME, parseManifest } from '../models/manifest.ts'

/** Whether `folder` holds a model of this kind, made by this version of icthp from this commit, in all these precisions. */
export async function convertedAlready(
  folder: string,
  kind: ModelKind,
  from: { readonly repository: string; readonly revision: string },
  dtypes: readonly Dtype[],
): Promise<boolean> {
  try {
    const path = join(folder, kind, MANIFEST_NAME)
    const manifest = parseManifest(await readFile(path, 'utf8'), path)
    const held = heldDtypes(manifest)
    const { repository, revision } = manifest.source
    return (
      manifest.library === VERSION &&
      repository === from.repository &&
      revision === from.revision &&
      dtypes.every((dtype) => held.includes(dtype))
    )
  } catch {
    // Not there, or not to be read: converting puts it right.
    return false
  }
}
