import type { AvifPlanes } from '../formats/avif/pixels/avif-planes.ts'
import { unreadable } from '../image-errors.ts'
import { findPlanes } from './avif-memory.ts'
import { instantiateCodec } from './instantiate-codec.ts'

interface AvifModule {
  /** Answers null where the file cannot be decoded. */
  readonly decode: (bytes: Uint8Array, bitDepth: number) => unknown
}

interface AvifCodec {
  readonly decode: AvifModule['decode']
  /** What the picture that was decoded last looked like in the codec's memory. */
  planes: AvifPlanes | undefined
  /** What the codec makes its answer with. */
  readonly answer: unknown
}

/** Decodes the stills of avif-still.ts to their samples, with the build of libavif in @jsquash/avif. */
export function createAvifCodec(
  load: () => Promise<WebAssembly.Module>,
): (still: Uint8Array) => Promise<AvifPlanes> {
  let codec: Promise<AvifCodec> | undefined
  return async (still) => {
    const current = await (codec ??= start(load))
    current.planes = undefined
    try {
      lendImageData(current.answer, () => current.decode(still, 8))
    } catch (cause) {
      // What a codec leaves behind when it throws is anyone's guess: start the next picture on a new one.
      codec = undefined
      throw unreadable('AVIF', 'the decoder gave up', cause instanceof Error ? cause : undefined)
    }
    const { planes } = current
    current.planes = undefined
    if (!planes) throw unreadable('AVIF', 'the decoder gave up')
    return planes
  }
}

async function start(load: () => Promise<WebAssembly.Module>): Promise<AvifCodec> {
  const [glue, module] = await Promise.all([import('@jsquash/avif/codec/dec/avif_dec.js'), load()])
  let memory: WebAssembly.Memory | undefined
  const { decode } = await instantiateCodec<AvifModule>(glue.default, module, ({ exports }) => {
    memory = Object.values(exports).find((value) => value instanceof WebAssembly.Memory)
  })
  const codec: AvifCodec = {
    decode,
    planes: undefined,
    answer: class {
      constructor() {
        codec.planes = memory && findPlanes(memory.buffer)
      }
    },
  }
  return codec
}

/**
 * The codec answers with what is called ImageData when it is first used, and makes it while the picture is still in its memory:
 * lends it ours for the length of one call.
 */
function lendImageData(answer: unknown, decode: () => void): void {
  const scope = globalThis as { ImageData?: unknown }
  const own = Object.getOwnPropertyDescriptor(scope, 'ImageData')
  Object.defineProperty(scope, 'ImageData', { value: answer, configurable: true, writable: true })
  try {
    decode()
  } finally {
    if (own) Object.defineProperty(scope, 'ImageData', own)
    else delete scope.ImageData
  }
}
