// Pictures through the whole pipeline: decoding alone on all cores, scoring with a backend that answers at once, and scoring
// a folder beside the tower alone on tensors that lie ready.
import { availableParallelism } from 'node:os'
import { drawnPictures } from '../pictures.mjs'
import { openScorer } from '../scorer.mjs'
import { interleave, seconds } from '../statistics.mjs'

/** Images in a round of decoding: a second or two on few cores. */
const DECODED = 128
/** A round of scoring a folder takes about so long, but is of at least four and at most 32 batches. */
const FOLDER_SECONDS = 10

/** @typedef {import('../bench.mjs').Context} Context */
/** @typedef {import('../../src/node.ts').InferenceBackend} InferenceBackend */

/**
 * Images a second, one a round: `decoder` and `scorer` are ours, `crop` and `pixels` Pillow pools without and with
 * transformers' processor.
 * @typedef {{ processes: number, rounds: Record<string, number[]> }} DecodingResult
 */

/**
 * @param {Context} context
 * @param {import('../child.mjs').Child | undefined} pixels the reference's driver
 * @returns {Promise<DecodingResult>}
 */
export async function measureDecoding({ models, dtypes, runs, terminal, signal }, pixels) {
  terminal.step('Decoding and resizing on all cores')
  const { CLIP_PREPROCESS, createNodeDecoder, HpScorer } = await import('icthp/node')
  const drawn = await drawnPictures()
  const images = Array.from({ length: DECODED }, (_, i) => drawn[i % drawn.length])
  const processes = availableParallelism()
  const decoder = createNodeDecoder()
  const hp = await HpScorer.fromPretrained(/** @type {string} */ (models.folders[dtypes[0]]), {
    backend: instantBackend, decoder, dtype: dtypes[0], selfTest: false,
  })
  const rate = (/** @type {() => Promise<unknown>} */ task) => async () => images.length / (await seconds(task))
  const pool = (/** @type {'crop' | 'pixels'} */ work) => async () => images.length / (await /** @type {NonNullable<typeof pixels>} */ (pixels).ask({ do: 'pool', images, processes, work })).seconds
  const rounds = await interleave(
    {
      decoder: rate(() => Promise.all(images.map((image) => decoder.crop(image, CLIP_PREPROCESS)))),
      scorer: rate(() => hp.score(images)),
      ...(pixels ? { crop: pool('crop'), pixels: pool('pixels') } : {}),
    },
    { runs, signal },
  )
  await hp.dispose()
  await decoder.dispose()
  return { processes, rounds }
}

/** Answers zeros, so that all time is the pipeline's. @type {InferenceBackend} */
const instantBackend = {
  name: 'instant',
  probe: async () => ({ device: 'cpu', notes: [] }),
  load: async () => ({
    run: async ({ pixel_values: pixels }) => {
      const [count = 0] = pixels?.dims ?? []
      return {
        image_embeds: { dtype: 'float32', dims: [count, 1024], data: new Float32Array(count * 1024) },
        hp_logits: { dtype: 'float32', dims: [count], data: new Float32Array(count) },
      }
    },
    dispose: async () => {},
  }),
  dispose: async () => {},
}

/** Images a second, one a round. @typedef {{ dtype: string, batch: number, images: number, folder: number[], ready: number[] }} FolderResult */

/**
 * HP over a folder of JPEG files, against its tower alone in the same batches.
 * @param {Context} context
 * @returns {Promise<FolderResult[]>}
 */
export async function measureFolder({ models, dtypes, where, runs, terminal, signal }) {
  const drawn = await drawnPictures()
  const results = []
  for (const dtype of dtypes) {
    terminal.step(`Scoring a folder in ${dtype}`)
    const { child } = await openScorer({ model: /** @type {string} */ (models.folders[dtype]), dtype, image: drawn[0], where, kinds: ['hp'] })
    await child.ask({ do: 'folder', images: drawn.slice(0, 4) })
    const batch = (await child.ask({ do: 'info' })).info.batchSize
    const once = await child.ask({ do: 'ready', images: drawn.slice(0, 4), batch, runs: 1 })
    const batches = Math.max(4, Math.min(32, Math.round(FOLDER_SECONDS / once.seconds)))
    const images = Array.from({ length: batches * batch }, (_, i) => drawn[i % drawn.length])
    const rate = async (/** @type {object} */ command) => images.length / (await child.ask(command)).seconds
    const rounds = await interleave(
      {
        folder: () => rate({ do: 'folder', images }),
        ready: () => rate({ do: 'ready', images: drawn.slice(0, 4), batch, runs: batches }),
      },
      { runs, signal, warmUp: 0, onRound: (round) => terminal.detail(`round ${round + 1} of ${runs}, ${images.length} images`) },
    )
    await child.end()
    results.push({ dtype, batch, images: images.length, ...rounds })
  }
  return results
}
