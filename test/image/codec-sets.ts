import { createSharpCodecs } from '../../src/image/sharp-codecs-node.ts'
import type { ImageCodecs } from '../../src/image/image-codecs.ts'
import { inflateStream } from '../../src/image/inflate-stream.ts'
import { createWasmCodecs } from '../../src/image/wasm-codecs.ts'
import { loadWasmNode } from '../../src/image/wasm-files-node.ts'

/** Both sets of codecs; the one without native modules as browsers have it, on DecompressionStream. */
export const codecSets: readonly ImageCodecs[] = [(await createSharpCodecs())!, createWasmCodecs(loadWasmNode, inflateStream)]
