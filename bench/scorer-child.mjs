// One loaded precision in a process of its own: asked by scorer.mjs in lines of JSON, answers in seconds measured here.
import { createInterface } from 'node:readline'
import { MemoryWatch } from './memory.mjs'
import { seconds } from './statistics.mjs'

// Ctrl-C is for the parent, which ends its children.
process.on('SIGINT', () => {})

/** @typedef {{ image: string, prompt: string }} Pair */

/** @type {typeof import('../src/node.ts')} */
let icthp
/** @type {import('../src/node.ts').IctScorer | undefined} */
let ict
/** @type {import('../src/node.ts').HpScorer} */
let hp
/** @type {MemoryWatch | undefined} */
let watch
/** @type {Map<string, { crops: any[], tensors: Map<number, any> }>} */
const ready = new Map()

const score = async (/** @type {Pair} */ { image, prompt }) =>
  ict ? icthp.rankImages([image], { prompt, ict, hp }) : icthp.rankImages([image], { hp })

/** @type {Record<string, (command: any) => Promise<object>>} */
const commands = {
  /** Loads as a user does, and scores a first pair. `sinceStart`: from the start of this process to that score. */
  async open({ model, kinds, first, watched, ...options }) {
    if (watched) watch = new MemoryWatch()
    const importSeconds = await seconds(async () => (icthp = await import('icthp/node')))
    const loadSeconds = await seconds(async () => {
      if (kinds.includes('ict')) ict = await icthp.IctScorer.fromPretrained(model, options)
      hp = await icthp.HpScorer.fromPretrained(model, options)
    })
    const firstSeconds = await seconds(() => score(first))
    return { importSeconds, loadSeconds, firstSeconds, sinceStart: performance.now() / 1000, info: hp.info }
  },

  /** One image and its prompt after the other, with both models, as in the reference's bench. */
  pairs: async ({ pairs }) => ({
    seconds: await seconds(async () => {
      for (const pair of pairs) await score(pair)
    }),
  }),

  /** A list of images against one prompt, with both models, in the scorers' own batches. */
  list: async ({ images, prompt }) => ({ seconds: await seconds(() => icthp.rankImages(images, { prompt, ict, hp })) }),

  /** Every image with every prompt, and HP of every image. */
  matrix: async ({ images, prompts }) => ({
    seconds: await seconds(async () => {
      await ict?.matrix(images, prompts)
      await hp.score(images)
    }),
  }),

  /** The HP tower alone on tensors that lie ready, `runs` runs of `batch` images. */
  async ready({ images, batch, runs }) {
    const tensors = await tensorsOf(images, batch)
    return {
      seconds: await seconds(async () => {
        for (let i = 0; i < runs; i++) await hp.vision.parts.tower.run(tensors, { image_embeds: [batch, hp.vision.parts.projectionDim] })
      }),
    }
  },

  /** HP over files, decoding included. */
  folder: async ({ images }) => ({ seconds: await seconds(() => hp.score(images)) }),

  /** Scores and embeddings, to be held against another device's. */
  answers: async ({ images, prompts }) => ({
    ict: await ict?.matrix(images, prompts),
    hp: await hp.score(images),
    embeds: (await hp.embedImages(images)).map((embeds) => [...embeds]),
  }),

  /** The batch size may have been settled by measurement at first use. */
  info: async () => ({ info: hp.info }),

  memory: async () => watch?.read() ?? {},
}

/** @param {string[]} images @param {number} batch */
async function tensorsOf(images, batch) {
  const key = images.join('\n')
  let entry = ready.get(key)
  if (!entry) ready.set(key, (entry = { crops: await Promise.all(images.map((image) => hp.vision.crop(image))), tensors: new Map() }))
  let tensors = entry.tensors.get(batch)
  if (!tensors) {
    const { size } = hp.vision.parts.preprocess
    const decoder = icthp.createNodeDecoder({ threads: 0 })
    const data = new Float32Array(batch * 3 * size * size)
    for (let i = 0; i < batch; i++) {
      const { data: rgb, size: side } = entry.crops[i % entry.crops.length]
      const pixels = await icthp.preprocess({ data: rgb, width: side, height: side, channels: 3 }, { decoder })
      data.set(pixels.data, i * pixels.data.length)
    }
    await decoder.dispose()
    tensors = { pixel_values: { dtype: 'float32', dims: [batch, 3, size, size], data } }
    entry.tensors.set(batch, tensors)
  }
  return tensors
}

for await (const line of createInterface({ input: process.stdin })) {
  const { do: name, ...command } = JSON.parse(line)
  try {
    process.stdout.write(`${JSON.stringify(await commands[name](command))}\n`)
  } catch (error) {
    process.stdout.write(`${JSON.stringify({ error: /** @type {Error} */ (error).message })}\n`)
  }
}
watch?.end()
await ict?.dispose()
await hp?.dispose()
