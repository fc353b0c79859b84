import { resolve } from 'node:path'
import type { ModelManifest } from '../../models/manifest.ts'
import type { ModelParts, WriteModelOptions } from '../model-parts.ts'
import { ModelPlace } from './model-place.ts'
import { ModelWriter } from './model-writer.ts'
import { asOutputError } from './output-error.ts'

/**
 * Writes a model's folder beside its place and moves it there when it is whole, so that a run that was ended leaves
 * nothing that loads. What an earlier run left half done is removed. Throws `OutputError` where it cannot be written.
 */
export async function writeModel(parts: ModelParts, options: WriteModelOptions): Promise<ModelManifest> {
  const place = await ModelPlace.open(resolve(options.out, parts.kind), options.signal)
  try {
    const manifest = await new ModelWriter(place.partial, parts, options).write()
    await place.commit()
    return manifest
  } catch (cause) {
    throw asOutputError(cause, place.place)
  } finally {
    await place.close()
  }
}
