import { readFile } from 'node:fs/promises'
import { constants, inflateSync } from 'node:zlib'
import { resolvePackage } from '../../worker/resolve-package-node.ts'
import { bundledWithoutFiles } from '../../worker/worker-url-node.ts'
import { inflateStream } from '../formats/inflate/inflate-stream.ts'
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

/** Inflate on Node's zlib. */
export const inflateNode: Inflate = (data, size, onDoubt) => {
  // In one piece: by default it would come in many small ones, and once more when they are joined.
  const options = { maxOutputLength: Math.max(1, size), chunkSize: size + 64 }
  const bytes = ({ buffer, byteOffset, length }: Buffer): Uint8Array =>
    new Uint8Array(buffer, byteOffset, length)
  try {
    return bytes(inflateSync(data, options))
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    // More data than the picture has pixels: Pillow overlooks it, so take the first bytes of it.
    if (code === 'ERR_BUFFER_TOO_LARGE') return inflateStream(data, size)
    if (code !== 'Z_BUF_ERROR') throw error
    // Z_SYNC_FLUSH gives out what there is of data that is cut short.
    const there = inflateSync(data, { ...options, finishFlush: constants.Z_SYNC_FLUSH })
    if (there.length < size) throw error
    onDoubt?.()
    return bytes(there)
  }
}
