import { lstat, readFile, rename, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { VERSION } from '../base/version.ts'
import { LocalFolder } from '../hub/files/folder-node.ts'
import type { ModelFolder } from '../hub/hub.ts'
import { kindNamed } from '../models/kinds.ts'
import { type Dtype, MANIFEST_NAME, parseManifest, sealManifest } from '../models/manifest.ts'
import type { MeasuredPrecision } from '../models/measured.ts'
import { measuredIn } from './compare-measurements.ts'
import type { Manifests } from './held-precisions.ts'
import type { VerifyReport } from './verify-report.ts'

/** Writes what was measured into the manifests of a local folder. Where that cannot be, a note says why. */
export async function recordAll(
  folder: ModelFolder,
  manifests: Manifests,
  {
    against,
    images,
    prompts,
    precisions,
  }: Pick<VerifyReport, 'against' | 'images' | 'prompts' | 'precisions'>,
): Promise<Pick<VerifyReport, 'recorded' | 'notes'>> {
  if (!(folder instanceof LocalFolder))
    return {
      recorded: [],
      notes: [`the results are not written into ${folder.source}, which is not a folder of this machine`],
    }
  const date = new Date().toISOString()
  const recorded: string[] = []
  const notes: string[] = []
  for (const [name, { base }] of Object.entries(manifests)) {
    const kind = kindNamed(name)
    const measured: Partial<Record<Dtype, MeasuredPrecision>> = {}
    for (const precision of precisions) {
      const { dtype, memory, ranking } = precision
      const model = measuredIn(precision, kind)
      if (!model) continue
      measured[dtype] = {
        against,
        ...model,
        ...(ranking ? { ranking } : {}),
        memory,
        images,
        ...(kind.takesPrompt && prompts ? { prompts } : {}),
        library: VERSION,
        date,
      }
    }
    const path = join(folder.path, base, MANIFEST_NAME)
    try {
      await recordMeasured(path, measured)
      recorded.push(path)
    } catch (error) {
      notes.push(`the results are not written into ${path}: ${(error as Error).message}`)
    }
  }
  return { recorded, notes }
}

/**
 * Writes measurements into a manifest, beside those of other precisions. The file is replaced in one step, so that a run
 * that is ended leaves the old one. Throws what the disk throws, and an Error for a manifest that is a link, as those of
 * the Hugging Face cache are: what it leads to is not ours to change.
 */
async function recordMeasured(
  path: string,
  measured: Partial<Record<Dtype, MeasuredPrecision>>,
): Promise<void> {
  if ((await lstat(path)).isSymbolicLink())
    throw new Error(`${MANIFEST_NAME} is a link, as in the cache of a hub`)
  // Read anew: the measuring took minutes.
  const manifest = parseManifest(await readFile(path, 'utf8'), path)
  const sealed = sealManifest({ ...manifest, measured: { ...manifest.measured, ...measured } })
  const temporary = `${path}.partial-${process.pid}`
  try {
    await writeFile(temporary, `${JSON.stringify(sealed, null, 2)}\n`)
    await rename(temporary, path)
  } catch (error) {
    await rm(temporary, { force: true })
    throw error
  }
}
