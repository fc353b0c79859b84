import type { ImageCodecs } from './image-codecs.ts'
import { createSharpCodecs } from './sharp-codecs-node.ts'
import { createWasmCodecs } from './wasm-codecs.ts'
import { inflateNode, loadWasmNode } from './wasm-files-node.ts'

/** `auto`: sharp where it is installed and loads, else WebAssembly; `never`: WebAssembly. */
export type UseSharp = 'auto' | 'never'

export async function createNodeCodecs(sharp: UseSharp): Promise<ImageCodecs> {
  return (
    (sharp === 'auto' ? await createSharpCodecs() : undefined) ?? createWasmCodecs(loadWasmNode, inflateNode)
  )
}
