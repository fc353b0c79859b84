import { readFile } from 'node:fs/promises'
import { constants, inflateSync } from 'node:zlib'
import { resolvePackage } from '../../worker/resolve-package-node.ts'
import { bundledWithoutFiles } from '../../worker/worker-url-node.ts'
import { inflateStream } from '../formats/inflate-stream.ts'
import type { Inflate } from './image-codecs.ts'

/** Compiles a codec from the installed package's files. */
export const loadWasmNode = async (file: string): Promise<WebAssembly.Module> => {
  let path: string
  try {
    path = resolvePackage(file)
  } catch (cause) {
    throw bundledWithoutFiles(file, cause)
  }
  return WebAssembly.compile(await readFile(path))
}

/** Inflate on Node's zlib. Z_SYNC_FLUSH gives out what there is of data that is cut short. */
export const inflateNode: Inflate = (data, size) => {
  try {
    // In one piece: by default it would come in many small ones, and once more when they are joined.
    const options = { maxOutputLength: Math.max(1, size), chunkSize: size + 64 }
    const out = inflateSync(data, { ...options, finishFlush: constants.Z_SYNC_FLUSH })
    // Too little is all there is only where the stream has its end; else this throws.
    if (out.length < size) inflateSync(data, options)
    return new Uint8Array(out.buffer, out.byteOffset, out.length)
  } catch (error) {
    // More data than the picture has pixels: Pillow overlooks it, so take the first bytes of it.
    if ((error as NodeJS.ErrnoException).code === 'ERR_BUFFER_TOO_LARGE') return inflateStream(data, size)
    throw error
  }
}
