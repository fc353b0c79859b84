import type { Dtype, ModelManifest } from 'icthp/web'

/**
 * What ICT and HP take together in each precision that the folder holds, in bytes, from its manifests. Empty where they
 * cannot be read: loading the model says why.
 */
export async function modelSizes(folder: string): Promise<ReadonlyMap<Dtype, number>> {
  try {
    const base = folder.endsWith('/') ? folder : `${folder}/`
    const manifests = await Promise.all(
      ['ict', 'hp'].map(
        async (kind) => (await (await fetch(new URL(`${kind}/icthp.json`, base))).json()) as ModelManifest,
      ),
    )
    const towers = manifests.flatMap(({ towers, files }) =>
      Object.values(towers).map((tower) => ({ tower, files })),
    )
    const sizes = new Map<Dtype, number>()
    for (const dtype of Object.keys(towers[0]!.tower) as Dtype[]) {
      if (!towers.every(({ tower }) => tower[dtype])) continue
      const paths = towers.flatMap(({ tower, files }) =>
        [tower[dtype]!.model, ...tower[dtype]!.externalData].map((path) => files[path]!.size),
      )
      sizes.set(
        dtype,
        paths.reduce((sum, size) => sum + size, 0),
      )
    }
    return sizes
  } catch {
    return new Map()
  }
}
