import type { ImageCodecs } from '../../src/image/codecs/image-codecs.ts'
import { createSharpCodecs } from '../../src/image/codecs/sharp-codecs-node.ts'
import { createWasmCodecs } from '../../src/image/codecs/wasm-codecs.ts'
import { loadWasmNode } from '../../src/image/codecs/wasm-files-node.ts'
import { inflateStream } from '../../src/image/formats/inflate/inflate-stream.ts'

/** Both sets of codecs; the one without native modules as browsers have it, on DecompressionStream. */
export const codecSets: readonly ImageCodecs[] = [
  (await createSharpCodecs())!,
  createWasmCodecs(loadWasmNode, inflateStream),
]
