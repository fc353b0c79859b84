// How cost grows: with images and prompts, with the batch, and with threads; in the fastest of the precisions.
import { prompt } from '../pictures.mjs'
import { openScorer } from '../scorer.mjs'
import { interleave, median } from '../statistics.mjs'
import { number, spread, table } from '../table.mjs'

const COUNTS = [1, 4, 16]
const BATCHES = [1, 2, 4, 8, 16]
const LIMIT_SECONDS = 45
/** Of a measurement of one thread count. */
const [IMAGES, BATCH] = [8, 4]

export async function measure(context) {
  const { fastest: dtype, pictures, where, cores, runs, signal, terminal } = context
  terminal.step(`Growth in ${dtype}`)
  const options = { runs, signal, terminal, warmUp: 0, limit: LIMIT_SECONDS }
  const { child } = await openScorer(context, dtype)
  const ask = (command) => async () => (await child.ask(command)).seconds
  // Warm, without paying for a whole round.
  await child.ask({ do: 'matrix', images: pictures.slice(0, 4), prompts: [0, 1, 2, 3].map(prompt) })
  const cells = COUNTS.flatMap((images) => COUNTS.map((prompts) => ({ images, prompts })))
  const matrix = await interleave(
    Object.fromEntries(
      cells.map(({ images, prompts }) => [
        `${images}x${prompts}`,
        ask({
          do: 'matrix',
          images: pictures.slice(0, images),
          prompts: Array.from({ length: prompts }, (_, i) => prompt(17 * i)),
        }),
      ]),
    ),
    options,
  )
  // As many images for each batch size.
  const batches = await interleave(
    Object.fromEntries(
      BATCHES.map((batch) => [
        `_${batch}`,
        async () => (await ask({ do: 'ready', images: pictures, batch, runs: 16 / batch })()) / 16,
      ]),
    ),
    options,
  )
  await child.end()

  const threads = {}
  for (const count of where.threads ? [] : upTo(cores)) {
    terminal.step(`Growth with ${count} thread${count === 1 ? '' : 's'}`)
    const { child } = await openScorer(context, dtype, ['hp'], { threads: count })
    const image = async () =>
      (await child.ask({ do: 'ready', images: pictures, batch: BATCH, runs: IMAGES / BATCH })).seconds /
      IMAGES
    await image()
    threads[count] = (await interleave({ image }, options)).image
    await child.end()
  }
  return {
    dtype,
    matrix,
    batches: Object.fromEntries(BATCHES.map((batch) => [batch, batches[`_${batch}`]])),
    threads,
  }
}

/** 1, 2, 4 … and the number itself. */
function upTo(cores) {
  const counts = []
  for (let count = 1; count < cores; count *= 2) counts.push(count)
  return [...counts, cores]
}

export function report({ dtype, matrix, batches, threads }) {
  return [
    `Growth in ${dtype}: seconds for every image with every prompt, ICT and HP.`,
    '',
    table(
      ['images', ...COUNTS.map((count) => `${count} prompt${count === 1 ? '' : 's'}`)],
      COUNTS.map((images) => [
        String(images),
        ...COUNTS.map((prompts) => number(median(matrix[`${images}x${prompts}`]))),
      ]),
    ),
    '',
    `Seconds an image in HP's tower alone, by images in a run and by threads (${BATCH} images in a run).`,
    '',
    table(
      ['batch', 'seconds an image'],
      Object.entries(batches).map(([batch, values]) => [batch, spread(values)]),
    ),
    ...(Object.keys(threads).length > 0
      ? [
          '',
          table(
            ['threads', 'seconds an image'],
            Object.entries(threads).map(([count, values]) => [count, spread(values)]),
          ),
        ]
      : []),
  ]
}
