// Pictures through the whole pipeline: decoding alone on all cores, scoring with a backend that answers at once, and scoring
// a folder beside the tower alone on tensors that lie ready.
import { startReference } from '../reference.mjs'
import { openScorer } from '../scorer.mjs'
import { interleave, ratios, seconds } from '../statistics.mjs'
import { spread, spreadOf, table } from '../table.mjs'

/** Images in a round of decoding: a second or two on few cores. */
const DECODED = 128
/** A round of scoring a folder takes about so long, but is of at least four and at most 32 batches. */
const FOLDER_SECONDS = 10
const LIMIT_SECONDS = 90

/** Images a second, one a round. */
export async function measure(context) {
  return { decoding: await measureDecoding(context), folder: await measureFolder(context) }
}

/** `decoder` and `scorer` are ours, `crop` and `pixels` a pool of Pillow processes without and with transformers' processor. */
async function measureDecoding({ models, fastest, pictures, cores, reference, runs, signal, terminal }) {
  terminal.step('Decoding and resizing on all cores')
  const { CLIP_PREPROCESS, createNodeDecoder, HpScorer } = await import('icthp/node')
  const python = reference && (await startReference(reference, { mode: 'pixels' }))
  const images = Array.from({ length: DECODED }, (_, i) => pictures[i % pictures.length])
  const decoder = createNodeDecoder()
  const hp = await HpScorer.fromPretrained(models.folders[fastest], {
    backend: instantBackend,
    decoder,
    dtype: fastest,
    selfTest: false,
  })
  const rate = (task) => async () => images.length / (await seconds(task))
  const pool = (work) => async () =>
    images.length / (await python.child.ask({ do: 'pool', images, processes: cores, work })).seconds
  const rounds = await interleave(
    {
      decoder: rate(() => Promise.all(images.map((image) => decoder.crop(image, CLIP_PREPROCESS)))),
      scorer: rate(() => hp.score(images)),
      ...(python ? { crop: pool('crop'), pixels: pool('pixels') } : {}),
    },
    { runs, signal, terminal },
  )
  await hp.dispose()
  await decoder.dispose()
  await python?.child.end()
  return rounds
}

/** Answers zeros, so that all time is the pipeline's. */
const instantBackend = {
  name: 'instant',
  probe: async () => ({ device: 'cpu', notes: [] }),
  load: async () => ({
    run: async ({
      pixel_values: {
        dims: [count],
      },
    }) => ({
      image_embeds: { dtype: 'float32', dims: [count, 1024], data: new Float32Array(count * 1024) },
      hp_logits: { dtype: 'float32', dims: [count], data: new Float32Array(count) },
    }),
    dispose: async () => {},
  }),
  dispose: async () => {},
}

/** HP over a folder of JPEG files, and its tower alone in the same batches. */
async function measureFolder(context) {
  const { fastest, pictures, runs, signal, terminal } = context
  terminal.step(`Scoring a folder in ${fastest}`)
  const { child, opened } = await openScorer(context, fastest, ['hp'])
  const { dtype, batchSize: batch } = opened.info
  const once = await child.ask({ do: 'ready', images: pictures, batch, runs: 1 })
  const batches = Math.max(4, Math.min(32, Math.round(FOLDER_SECONDS / once.seconds)))
  const images = Array.from({ length: batches * batch }, (_, i) => pictures[i % pictures.length])
  const rate = (command) => async () => images.length / (await child.ask(command)).seconds
  const rounds = await interleave(
    {
      folder: rate({ do: 'folder', images }),
      ready: rate({ do: 'ready', images: pictures, batch, runs: batches }),
    },
    { runs, signal, terminal, warmUp: 0, limit: LIMIT_SECONDS },
  )
  await child.end()
  return { dtype, batch, images: images.length, ...rounds }
}

export function report({
  decoding: { decoder, scorer, crop, pixels },
  folder: { dtype, batch, images, folder, ready },
}) {
  const rows = [
    ['decode, resize and crop', spread(decoder)],
    ['score, with a backend that answers at once', spread(scorer)],
    ...(crop
      ? [
          ['Pillow pool: decode, resize and crop', spread(crop)],
          ["Pillow pool: transformers' processor", spread(pixels)],
        ]
      : []),
  ]
  const compared = (other) => (other ? spread(ratios(scorer, other)) : '–')
  return [
    'The pipeline alone, JPEG files of 1024² on all cores, images a second.',
    '',
    crop
      ? table(
          ['', 'images a second', 'scoring, as a multiple of it'],
          rows.map((row, i) => [...row, compared([undefined, undefined, crop, pixels][i])]),
        )
      : table(['', 'images a second'], rows),
    '',
    `HP in ${dtype} over ${images} JPEG files of 1024², batches of ${batch}, beside its tower alone on ready tensors, images a second.`,
    '',
    table(
      ['precision', 'folder', 'tower alone', 'share, %'],
      [[dtype, spread(folder), spread(ready), spreadOf(ratios(folder, ready), (share) => 100 * share)]],
    ),
  ]
}
