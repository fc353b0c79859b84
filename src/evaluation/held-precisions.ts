import { ModelError } from '../base/errors.ts'
import type { ModelFolder } from '../hub/hub.ts'
import { allKinds } from '../models/kinds.ts'
import { type Dtype, DTYPES, heldDtypes, type ModelManifest } from '../models/manifest.ts'
import { findManifest } from '../scorers/load/open-model.ts'

/** The models of a folder, and where in it their manifests lie. */
export type Manifests = Record<string, { readonly manifest: ModelManifest; readonly base: string }>

/** Throws `ModelError` where the folder holds no model. */
export async function findManifests(folder: ModelFolder): Promise<Manifests> {
  const found: Manifests = {}
  let missing: unknown
  for (const kind of allKinds()) {
    try {
      found[kind.name] = await findManifest(kind, folder)
    } catch (error) {
      if (!(
        error instanceof ModelError &&
        (error.code === 'model_not_found' || error.code === 'model_wrong_kind')
      ))
        throw error
      missing ??= error
    }
  }
  if (Object.keys(found).length === 0) throw missing
  return found
}

/** What is to be measured, `against` among it; every model must hold `against`, and one of them each of the others. */
export function chooseDtypes(
  manifests: Manifests,
  against: Dtype,
  asked: readonly Dtype[] | undefined,
): Dtype[] {
  const held = Object.values(manifests).map(({ manifest }) => ({
    name: manifest.name,
    dtypes: heldDtypes(manifest),
  }))
  const all = DTYPES.filter((dtype) => held.some(({ dtypes }) => dtypes.includes(dtype)))
  const lacking = held.find(({ dtypes }) => !dtypes.includes(against))
  if (lacking) {
    throw new ModelError(
      'model_dtype_unavailable',
      `${lacking.name} is here in ${lacking.dtypes.join(', ')}, not in ${against}, so there is nothing to compare with. Convert it ` +
        `again with \`--dtype ${DTYPES.filter((dtype) => dtype === against || lacking.dtypes.includes(dtype)).join(',')}\`, or compare with ` +
        `another: \`--against ${lacking.dtypes[0]}\`.`,
      { dtype: against, held: lacking.dtypes },
    )
  }
  const absent = asked?.find((dtype) => !all.includes(dtype))
  if (absent) {
    throw new ModelError(
      'model_dtype_unavailable',
      `The model is here in ${all.join(', ')}, not in ${absent}. Convert it again with \`--dtype ${[...all, absent].join(',')}\`.`,
      {
        dtype: absent,
        held: all,
      },
    )
  }
  return all.filter((dtype) => !asked || asked.includes(dtype) || dtype === against)
}
