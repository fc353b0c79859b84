import type * as Ort from 'onnxruntime-common'
import type { FileSource, ModelFiles } from '../backend.ts'
import type { OrtModule } from './ort-module.ts'
import { isWebModule } from './ort-module.ts'

/** What `InferenceSession.create` is given: a path, or the graph's bytes, and where its external data is. */
export interface OrtFiles {
  readonly graph: string | Uint8Array
  readonly externalData?: Ort.InferenceSession.SessionOptions['externalData']
}

/** Brings the bytes of a path or address. */
export type ReadFile = (path: string) => Promise<Uint8Array>

/**
 * Blobs become bytes in memory, and so do paths where there is a `read`. Else paths are left to the runtime: the native
 * ones find external data beside the graph by themselves, onnxruntime-web is told its address.
 */
export async function ortFiles(ort: OrtModule, files: ModelFiles, read?: ReadFile): Promise<OrtFiles> {
  const { externalData } = files
  const placeOf = async (file: FileSource): Promise<string | Uint8Array> => {
    if ('blob' in file) return new Uint8Array(await file.blob.arrayBuffer())
    return read ? read(file.path) : file.path
  }
  const graph = await placeOf(files.graph)
  if (externalData.length === 0) return { graph }
  if (typeof graph === 'string' && !isWebModule(ort)) {
    const folder = folderOf(graph)
    for (const { name, file } of externalData) {
      if ('path' in file && normal(file.path) === normal(folder + name)) continue
      throw new Error(`its external data ${name} must lie beside it, in ${folder}`)
    }
    return { graph }
  }
  const parts = externalData.map(async ({ name, file }) => ({ path: name, data: await placeOf(file) }))
  return { graph, externalData: await Promise.all(parts) }
}

/** Paths and file addresses of any system, by hand: there is no `node:path` on phones. */
const folderOf = (path: string): string =>
  path.slice(0, Math.max(path.lastIndexOf('/'), path.lastIndexOf('\\')) + 1)
const normal = (path: string): string => path.replaceAll('\\', '/').replaceAll('/./', '/')
