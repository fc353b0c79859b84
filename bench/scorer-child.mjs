// One loaded precision in a process of its own: asked by scorer.mjs in lines of JSON, answers in seconds measured here.
import { createInterface } from 'node:readline'
import { MemoryWatch } from './memory.mjs'
import { seconds } from './statistics.mjs'

// Ctrl-C is for the parent, which ends its children.
process.on('SIGINT', () => {})

const watch = new MemoryWatch()
let icthp, ict, hp

const rank = (images, prompt) => icthp.rankImages(images, ict ? { prompt, ict, hp } : { hp })

const commands = {
  /** Loads as a user does, and scores a first pair. */
  async open({ model, kinds, first, options }) {
    const importSeconds = await seconds(async () => (icthp = await import('icthp/node')))
    const loadSeconds = await seconds(async () => {
      if (kinds.includes('ict')) ict = await icthp.IctScorer.fromPretrained(model, options)
      hp = await icthp.HpScorer.fromPretrained(model, options)
    })
    const firstSeconds = await seconds(() => rank([first.image], first.prompt))
    return { importSeconds, loadSeconds, firstSeconds, sinceStart: performance.now() / 1000, info: hp.info }
  },

  /** One image and its prompt after the other, as in the reference's bench. */
  pairs: async ({ pairs }) => ({
    seconds: await seconds(async () => {
      for (const { image, prompt } of pairs) await rank([image], prompt)
    }),
  }),

  /** A list of images against one prompt. */
  list: async ({ images, prompt }) => ({ seconds: await seconds(() => rank(images, prompt)) }),

  /** Every image with every prompt, and HP of every image. */
  matrix: async ({ images, prompts }) => ({
    seconds: await seconds(async () => {
      await ict.matrix(images, prompts)
      await hp.score(images)
    }),
  }),

  /** HP of files, decoding included. */
  folder: async ({ images }) => ({ seconds: await seconds(() => hp.score(images)) }),

  /** HP's tower alone on tensors that lie ready: `runs` runs of `batch` images. */
  async ready({ images, batch, runs }) {
    const { tower, projectionDim } = hp.vision.parts
    const tensors = await tensorsOf(images, batch)
    return {
      seconds: await seconds(async () => {
        for (let i = 0; i < runs; i++)
          await tower.run(tensors, { image_embeds: [batch, projectionDim], hp_logits: [batch] })
      }),
    }
  },

  /** Scores and embeddings, to be held against another device's. */
  answers: async ({ images, prompts }) => ({
    ict: await ict.matrix(images, prompts),
    hp: await hp.score(images),
    embeds: (await hp.embedImages(images)).map((embeds) => [...embeds]),
  }),

  memory: async () => watch.read(),
}

const pixels = new Map()

async function tensorsOf(images, batch) {
  const { size } = hp.vision.parts.preprocess
  const data = new Float32Array(batch * 3 * size * size)
  for (let i = 0; i < batch; i++) {
    const image = images[i % images.length]
    if (!pixels.has(image)) pixels.set(image, (await icthp.preprocess(image)).data)
    data.set(pixels.get(image), i * 3 * size * size)
  }
  return { pixel_values: { dtype: 'float32', dims: [batch, 3, size, size], data } }
}

for await (const line of createInterface({ input: process.stdin })) {
  const { do: name, ...command } = JSON.parse(line)
  const reply = await commands[name](command).catch(({ message }) => ({ error: message }))
  process.stdout.write(`${JSON.stringify(reply)}\n`)
}
await ict?.dispose()
await hp?.dispose()
