// From a JPEG file's bytes to pixel_values, one thread, against Pillow and transformers' image processor.
import { readFileSync, statSync } from 'node:fs'
import { drawnPictures } from '../pictures.mjs'
import { interleave, seconds } from '../statistics.mjs'

/** Repetitions in a round, of some 15 ms each. */
const REPEAT = 5

/** @typedef {import('../bench.mjs').Context} Context */

/**
 * Seconds an image, one a round.
 * @typedef {object} PreprocessResult
 * @property {number} bytes of the JPEG
 * @property {Record<'sharp' | 'wasm' | 'decode' | 'resize' | 'whole', number[]>} rounds the last three are the reference's: Pillow's
 *   decoding, its resizing, and the whole with transformers' processor
 * @property {{ sharp: string, wasm: string }} names
 */

/**
 * @param {Context} context
 * @param {import('../child.mjs').Child | undefined} pixels the reference's driver
 * @returns {Promise<PreprocessResult>}
 */
export async function measurePreprocess({ runs, terminal, signal }, pixels) {
  terminal.step('Preprocessing on one thread')
  const { createNodeDecoder, preprocess } = await import('icthp/node')
  const [path] = await drawnPictures()
  const bytes = readFileSync(path)
  const ours = (/** @type {import('../../src/image/decoder.ts').ImageDecoder} */ decoder) => async () =>
    (await seconds(async () => {
      for (let i = 0; i < REPEAT; i++) await preprocess(bytes, { decoder })
    })) / REPEAT
  // threads: 0 decodes on the calling thread. libvips would still put threads of its own under one picture.
  const { default: sharp } = await import('sharp').catch(() => ({ default: undefined }))
  const concurrency = sharp?.concurrency()
  sharp?.concurrency(1)
  const decoders = { sharp: createNodeDecoder({ threads: 0 }), wasm: createNodeDecoder({ threads: 0, sharp: 'never' }) }
  /** @type {Record<string, number[]>} */
  const reference = { decode: [], resize: [], whole: [] }
  const warmUp = 2
  const rounds = await interleave(
    {
      sharp: ours(decoders.sharp),
      wasm: ours(decoders.wasm),
      ...(pixels
        ? {
            whole: async () => {
              const answer = await pixels.ask({ do: 'preprocess', image: path, repeat: REPEAT })
              for (const name of ['decode', 'resize']) reference[name].push(answer[name])
              return answer.whole
            },
          }
        : {}),
    },
    { runs: Math.max(15, runs), warmUp, signal },
  )
  const names = { sharp: decoders.sharp.name, wasm: decoders.wasm.name }
  await Promise.all(Object.values(decoders).map((decoder) => decoder.dispose()))
  if (concurrency !== undefined) sharp?.concurrency(concurrency)
  const { decode, resize } = reference
  return {
    bytes: statSync(path).size,
    names,
    rounds: /** @type {PreprocessResult['rounds']} */ ({ ...rounds, decode: decode.slice(warmUp), resize: resize.slice(warmUp) }),
  }
}
